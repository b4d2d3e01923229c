// How server-side apply sees a custom kind: read from its OpenAPI schema and the `x-kubernetes-` words in it.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#custom-resources-and-server-side-apply
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import type { ApplyType } from './apply-type.ts';

const LEAF: ApplyType = { shape: 'leaf' };
const DEDUCED: ApplyType = { shape: 'deduced' };

export function openApiType(schema: unknown): ApplyType {
  if (!isJsonObject(schema)) return DEDUCED;
  if (schema['x-kubernetes-map-type'] === 'atomic') return LEAF;
  if (schema.type === 'array') return listType(schema);
  if (isJsonObject(schema.properties)) return structOf(schema.properties, schema);
  if (isJsonObject(schema.additionalProperties)) {
    return { shape: 'map', of: openApiType(schema.additionalProperties) };
  }
  return schema.type === undefined || schema.type === 'object' ? DEDUCED : LEAF;
}

function structOf(properties: JsonObject, schema: JsonObject): ApplyType {
  const unknown = schema['x-kubernetes-preserve-unknown-fields'] === true ? DEDUCED : LEAF;
  return {
    shape: 'struct',
    field: (name) => (Object.hasOwn(properties, name) ? openApiType(properties[name]) : unknown),
  };
}

function listType(schema: JsonObject): ApplyType {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { shape: 'set' };
  const keys = schema['x-kubernetes-list-map-keys'];
  if (type !== 'map' || !Array.isArray(keys)) return LEAF;
  return { shape: 'keyed', keys: keys.map(String).sort(), of: openApiType(schema.items) };
}
