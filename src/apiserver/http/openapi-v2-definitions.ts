// The definitions of the OpenAPI v2 document, from those of v3: kubectl before 1.27 explains by them, merges by their
// patch keys, and refuses what they do not know, so they are whole.
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
export function namedSchemas(schemas: object): Fields {
  return Object.entries(schemas).map(([name, schema]) => [
    1,
    encodeMessage([NAMED.name, name], [NAMED.value, encodeMessage(...schemaFields(schema as Json))]),
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
  const reference = referenceIn(schema);
  if (reference) return [[SCHEMA.ref, reference], ...extensions];
  return [...typeFields(schema), ...contentFields(schema), ...extensions];
}

/** v3 wraps a reference so that other words may stand beside it; in v2 they may anyway. */
function referenceIn({ allOf }: JsonObject): string | undefined {
  const [only] = Array.isArray(allOf) ? allOf : [];
  const reference = isJsonObject(only) ? only.$ref : undefined;
  return typeof reference === 'string'
    ? reference.replace('#/components/schemas/', '#/definitions/')
    : undefined;
}

/** v2 knows no choice of types: as upstream, what may be a number or a string is a string of that format. */
function typeFields(schema: JsonObject): Fields {
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const type = Array.isArray(schema.oneOf) || isIntOrString ? 'string' : schema.type;
  const format = isIntOrString ? 'int-or-string' : schema.format;
  const texts: [number, Json | undefined][] = [
    [SCHEMA.format, format],
    [SCHEMA.description, schema.description],
  ];
  const fields = texts.filter((entry): entry is [number, string] => typeof entry[1] === 'string');
  return typeof type === 'string' ? [...fields, [SCHEMA.type, encodeMessage([1, type])]] : fields;
}

function contentFields(schema: JsonObject): Fields {
  const { required, items, properties, additionalProperties } = schema;
  // What keeps unknown fields cannot be held to the known ones.
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const fields: Fields = [];
  for (const name of Array.isArray(required) ? required : []) fields.push([SCHEMA.required, String(name)]);
  if (isJsonObject(items)) fields.push([SCHEMA.items, nested(items)]);
  if (isJsonObject(additionalProperties)) {
    fields.push([SCHEMA.additionalProperties, nested(additionalProperties)]);
  }
  if (isJsonObject(properties) && !isOpen) {
    fields.push([SCHEMA.properties, encodeMessage(...namedSchemas(properties))]);
  }
  return fields;
}

const nested = (schema: JsonObject): Buffer =>
  encodeMessage([ITEM.schema, encodeMessage(...schemaFields(schema))]);
