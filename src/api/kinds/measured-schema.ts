// The schema of kinds that are only ever read, for OpenAPI documents and `kubectl explain`: nobody sends one.
import type { MessageSpec, OwnSchema, Schema } from '../schema/schema.ts';
import { methodNotAllowed } from '../status-error.ts';

/** `properties` beside apiVersion, kind and metadata, as OpenAPI v3 writes them. */
export function measuredSchema(description: string, properties: Record<string, object>): OwnSchema {
  const refuse = (): never => {
    throw methodNotAllowed('the server does not allow this method on the requested resource');
  };
  return {
    check: refuse,
    messageOf: (_schema: Schema): MessageSpec => refuse(),
    openApi: () => ({ type: 'object', description, properties }),
  };
}

const quantity = { oneOf: [{ type: 'string' }, { type: 'number' }] };

export const usageSchema = {
  type: 'object',
  description: 'CPU as the mean over the window, memory as the working set.',
  additionalProperties: quantity,
};
export const timeSchema = {
  timestamp: { type: 'string', format: 'date-time', description: 'When the window ended.' },
  window: { type: 'string', description: 'How long it was measured.' },
};
