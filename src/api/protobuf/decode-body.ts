// A protobuf body as the JSON object that the same client would have sent as JSON.
import type { JsonObject } from '../schema/json.ts';
import type { KindRef, Schema } from '../schema/schema.ts';
import { decodeMessage } from './decode-message.ts';
import { openEnvelope } from './envelope.ts';

/** @throws StatusError BadRequest; whether apiVersion and kind are the wanted ones is for the caller to see. */
export function decodeProtobuf(schema: Schema, target: KindRef, body: Buffer): JsonObject {
  const { apiVersion, kind, raw } = openEnvelope(body);
  return { apiVersion, kind, ...decodeMessage(schema, schema.messageOf(target).name, raw) };
}
