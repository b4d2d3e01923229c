// What an item of a list or a field of an object was before: only lists whose items have keys can tell, and objects that
// are not replaced as a whole. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/maplist.go
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import { isAtomicMap, type SchemaProps } from './schema-props.ts';

/** What tells the items of a set or a list-map apart; `undefined` for other lists. */
export function identityOf(node: SchemaProps): ((item: Json) => Json) | undefined {
  if (node['x-kubernetes-list-type'] === 'set') return (item) => item;
  if (node['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  return (item) => {
    const object = isJsonObject(item) ? item : {};
    return Object.fromEntries(
      keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]!]),
    );
  };
}

/** Finds in `previous`, the list as it was, what an item was. */
export function correlated(node: SchemaProps, previous: Json | undefined): (item: Json) => Json | undefined {
  const identity = node['x-kubernetes-list-type'] === 'map' ? identityOf(node) : undefined;
  if (!identity || !Array.isArray(previous)) return () => undefined;
  const known = new Map(previous.map((item) => [JSON.stringify(identity(item)), item]));
  return (item) => known.get(JSON.stringify(identity(item)));
}

/** `previous`, the object as it was, as far as its fields can be held against it. */
export const correlatedFields = (node: SchemaProps, previous: Json | undefined): JsonObject =>
  !isAtomicMap(node) && isJsonObject(previous) ? previous : {};

/** Whether nothing within a value can be held against what it was. */
export const isUncorrelatable = (node: SchemaProps): boolean =>
  isAtomicMap(node) || (node.type === 'array' && node['x-kubernetes-list-type'] !== 'map');
