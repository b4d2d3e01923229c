// The definitions of the OpenAPI v2 document in protobuf: kubectl before 1.27 explains by them, merges by their patch
// keys, and refuses what they do not know, so they are whole.
// Field numbers: gnostic's openapiv2/OpenAPIv2.proto.
import { isJsonObject, type Json, type JsonObject } from '../../api/schema/json.ts';
import { encodeMessage, type ProtobufValue } from './protobuf-writer.ts';

type Fields = [number, ProtobufValue][];

const NAMED = { name: 1, value: 2 } as const;
const ANY = { yaml: 2 } as const;
const ITEM = { schema: 1 } as const;
const SCHEMA = {
  ref: 1,
  format: 2,
  description: 4,
  required: 19,
  additionalProperties: 21,
  type: 22,
  items: 23,
  properties: 25,
  vendorExtension: 31,
} as const;

/** Each as [name, message], for Definitions and for Properties alike. */
export function namedSchemas(schemas: JsonObject): Fields {
  return Object.entries(schemas).map(([name, schema]) => [
    1,
    encodeMessage([NAMED.name, name], [NAMED.value, encodeMessage(...schemaFields(schema))]),
  ]);
}

/** `yaml` may be JSON, which is YAML too. */
export function extension(name: string, yaml: string): Buffer {
  return encodeMessage([NAMED.name, name], [NAMED.value, encodeMessage([ANY.yaml, yaml])]);
}

function schemaFields(schema: Json): Fields {
  if (!isJsonObject(schema)) return [];
  const extensions = Object.entries(schema)
    .filter(([name]) => name.startsWith('x-kubernetes-'))
    .map(([name, value]): [number, ProtobufValue] => [
      SCHEMA.vendorExtension,
      extension(name, `${JSON.stringify(value)}\n`),
    ]);
  if (typeof schema.$ref === 'string') {
    return [[SCHEMA.ref, schema.$ref], ...textFields(schema), ...extensions];
  }
  return [...textFields(schema), ...contentFields(schema), ...extensions];
}

function textFields(schema: JsonObject): Fields {
  const texts: [number, Json | undefined][] = [
    [SCHEMA.format, schema.format],
    [SCHEMA.description, schema.description],
  ];
  const fields = texts.filter((entry): entry is [number, string] => typeof entry[1] === 'string');
  const { type } = schema;
  return typeof type === 'string' ? [...fields, [SCHEMA.type, encodeMessage([1, type])]] : fields;
}

function contentFields(schema: JsonObject): Fields {
  const { required, items, properties, additionalProperties } = schema;
  const fields: Fields = [];
  for (const name of Array.isArray(required) ? required : []) fields.push([SCHEMA.required, String(name)]);
  if (isJsonObject(items)) fields.push([SCHEMA.items, nested(items)]);
  if (isJsonObject(additionalProperties)) {
    fields.push([SCHEMA.additionalProperties, nested(additionalProperties)]);
  }
  if (isJsonObject(properties)) {
    fields.push([SCHEMA.properties, encodeMessage(...namedSchemas(properties))]);
  }
  return fields;
}

const nested = (schema: JsonObject): Buffer =>
  encodeMessage([ITEM.schema, encodeMessage(...schemaFields(schema))]);
