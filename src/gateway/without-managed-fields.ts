// Objects as they go over MQTT: who owns which field is for clients of the API, and would be half of a message.
import type { KubeObject } from '../api/objects.ts';

/** The object itself when it has none. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields: unknown };
  return { ...object, metadata };
}
