// Which item of a list an item was before: only lists whose items have keys can tell.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/maplist.go
import { isJsonObject, type Json } from '../schema/json.ts';
import type { SchemaProps } from './schema-props.ts';

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
