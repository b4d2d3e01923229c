// The envelope around every protobuf body: four magic bytes, then runtime.Unknown, which names the kind and carries
// its message. https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
import { badRequest } from '../status-error.ts';
import { LENGTH_DELIMITED, malformed, WireReader } from './wire-reader.ts';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

export interface Envelope {
  apiVersion: string;
  kind: string;
  /** The kind's message. */
  raw: Buffer;
}

const MAGIC = Buffer.from('k8s\0');

/** @throws StatusError BadRequest */
export function openEnvelope(body: Buffer): Envelope {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest('the body does not begin with the bytes "k8s\\0" of Kubernetes\' protobuf encoding');
  }
  const unknown = fields(body.subarray(MAGIC.length));
  const typeMeta = fields(unknown.get(1) ?? Buffer.alloc(0));
  const encoding = unknown.get(3)?.toString() ?? '';
  const contentType = unknown.get(4)?.toString() ?? '';
  if (encoding !== '' || (contentType !== '' && contentType !== PROTOBUF_TYPE)) {
    throw badRequest('the object inside a protobuf body must be protobuf itself, and not compressed');
  }
  return {
    apiVersion: typeMeta.get(1)?.toString() ?? '',
    kind: typeMeta.get(2)?.toString() ?? '',
    raw: unknown.get(2) ?? Buffer.alloc(0),
  };
}

/** Both messages hold nothing but strings and bytes. */
function fields(message: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  const reader = new WireReader(message);
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag();
    if (wireType !== LENGTH_DELIMITED) throw malformed(`wrong wireType = ${wireType} in the envelope`);
    found.set(number, reader.bytes());
  }
  return found;
}
