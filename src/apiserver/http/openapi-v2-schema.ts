// OpenAPI v3 schemas in the words of v2. What v2 cannot say is left out, so that a client that holds objects to
// these definitions refuses nothing that the server takes: upstream's rules (apiextensions' ToStructuralOpenAPIV2).
import { isJsonObject, type Json, type JsonObject } from '../../api/schema/json.ts';

/** Choices, null and defaults have no place in v2; the others are made anew below. */
const LEFT_OUT = ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default'];

const CONTENTS = ['type', 'items', 'properties'];

/** Of a whole kind: one that keeps unknown fields is an object, and no more can be said, not even that. */
export function v2Definition(schema: Json): JsonObject {
  if (!isJsonObject(schema)) return {};
  if (!isOpen(schema)) return v2Schema(schema);
  return { type: 'object', ...without(extensionsOf(schema), ['x-kubernetes-preserve-unknown-fields']) };
}

function v2Schema(schema: Json): JsonObject {
  if (!isJsonObject(schema)) return {};
  const $ref = referenceIn(schema);
  if ($ref) {
    const { description } = schema;
    return { $ref, ...(description === undefined ? {} : { description }), ...extensionsOf(schema) };
  }
  const result = Object.fromEntries(Object.entries(schema).filter(([name]) => !LEFT_OUT.includes(name)));
  const { items, properties, additionalProperties, required } = schema;
  if (isJsonObject(items)) result.items = v2Schema(items);
  if (isJsonObject(additionalProperties)) result.additionalProperties = v2Schema(additionalProperties);
  if (isJsonObject(properties)) {
    result.properties = v2Properties(properties);
    if (Array.isArray(required))
      result.required = required.filter((name) => !mayBeNull(properties[`${name}`]));
  }
  if (Array.isArray(result.required) && result.required.length === 0) delete result.required;
  // Clients cannot cope with contents of what has no type.
  return schema.nullable === true || isOpen(schema) ? without(result, CONTENTS) : withType(result, schema);
}

/** v2 knows no choice of types: as upstream, what may be a number or a string is a string of that format. */
function withType(result: JsonObject, schema: JsonObject): JsonObject {
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (isIntOrString) return { ...result, type: 'string', format: 'int-or-string' };
  if (schema.type === undefined && Array.isArray(schema.oneOf)) return { ...result, type: 'string' };
  return schema.type === 'array' && result.items === undefined ? without(result, ['type']) : result;
}

function without(schema: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}

const v2Properties = (properties: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, v2Schema(property)]));

const extensionsOf = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name.startsWith('x-kubernetes-')));

const isOpen = (schema: JsonObject): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;

const mayBeNull = (schema: Json | undefined): boolean => isJsonObject(schema) && schema.nullable === true;

/** v3 wraps a reference so that other words may stand beside it; in v2 they may anyway. */
function referenceIn({ allOf }: JsonObject): string | undefined {
  const [only] = Array.isArray(allOf) ? allOf : [];
  const reference = isJsonObject(only) ? only.$ref : undefined;
  return typeof reference === 'string'
    ? reference.replace('#/components/schemas/', '#/definitions/')
    : undefined;
}
