// A node of a CustomResourceDefinition's OpenAPI schema, as it stands in JSON.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import type { Json } from '../schema/json.ts';

export interface SchemaProps {
  type?: string;
  format?: string;
  description?: string;
  default?: Json;
  nullable?: boolean;
  enum?: Json[];
  properties?: Record<string, SchemaProps>;
  additionalProperties?: SchemaProps | boolean;
  items?: SchemaProps;
  required?: string[];
  maximum?: number;
  minimum?: number;
  exclusiveMaximum?: boolean;
  exclusiveMinimum?: boolean;
  multipleOf?: number;
  maxLength?: number;
  minLength?: number;
  pattern?: string;
  maxItems?: number;
  minItems?: number;
  uniqueItems?: boolean;
  maxProperties?: number;
  minProperties?: number;
  allOf?: SchemaProps[];
  anyOf?: SchemaProps[];
  oneOf?: SchemaProps[];
  not?: SchemaProps;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: Json[];
}

/** Fields of every object that are not the schema's: the metadata has rules of its own. */
export const TYPE_META: readonly string[] = ['apiVersion', 'kind', 'metadata'];

export const isEmbedded = (node: SchemaProps): boolean => node['x-kubernetes-embedded-resource'] === true;
export const isIntOrString = (node: SchemaProps): boolean => node['x-kubernetes-int-or-string'] === true;
/** An object that is replaced as a whole. */
export const isAtomicMap = (node: SchemaProps): boolean => node['x-kubernetes-map-type'] === 'atomic';
export const keepsUnknown = (node: SchemaProps): boolean =>
  node['x-kubernetes-preserve-unknown-fields'] === true;

/**
 * The schema of one key of an object; `undefined` when the schema does not name it, `true` when anything may stand
 * there.
 */
export function schemaOfKey(node: SchemaProps, key: string): SchemaProps | true | undefined {
  const { properties, additionalProperties } = node;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  if (additionalProperties === true) return true;
  return additionalProperties || undefined;
}
