// Paths of what discovery found. https://kubernetes.io/docs/reference/using-api/api-concepts/
import { splitKey } from '../api/objects.ts';
import { collectionPath } from '../client/resource-path.ts';
import type { Resource } from './discovery.ts';

export { collectionPath, withQuery } from '../client/resource-path.ts';

/** The path of one object, by `namespace/name` or `name`, or of its subresource. */
export function objectPath(resource: Resource, key: string, subresource?: string): string {
  const { namespace, name } = splitKey(key);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}
