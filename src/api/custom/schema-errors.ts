// Whether a schema is structural: every field has a type, and nothing in it needs what this server cannot promise.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go
import { forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import type { FieldError } from '../status-error.ts';
import { isPattern } from './patterns.ts';
import { isIntOrString, keepsUnknown, type SchemaProps } from './schema-props.ts';
import { valueErrors } from './value-errors.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const FORBIDDEN = [
  '$ref',
  '$schema',
  'id',
  'additionalItems',
  'definitions',
  'dependencies',
  'patternProperties',
];
/** What a schema inside allOf, anyOf, oneOf and not may not say: it restricts values, it does not shape them. */
const SHAPING = ['description', 'default', 'additionalProperties', 'nullable', 'title'];

/** JSON type of each keyword that this server reads; the table cannot check them below `items`. */
const KEYWORDS: Readonly<Record<string, (value: Json) => boolean>> = {
  type: isText,
  format: isText,
  pattern: isText,
  nullable: isFlag,
  exclusiveMaximum: isFlag,
  exclusiveMinimum: isFlag,
  uniqueItems: isFlag,
  maximum: isNumber,
  minimum: isNumber,
  multipleOf: isNumber,
  maxLength: isNumber,
  minLength: isNumber,
  maxItems: isNumber,
  minItems: isNumber,
  maxProperties: isNumber,
  minProperties: isNumber,
  enum: Array.isArray,
  required: isTexts,
  properties: (value) => isJsonObject(value) && Object.values(value).every(isJsonObject),
  items: isJsonObject,
  additionalProperties: (value) => isFlag(value) || isJsonObject(value),
  allOf: isSchemas,
  anyOf: isSchemas,
  oneOf: isSchemas,
  not: isJsonObject,
  'x-kubernetes-preserve-unknown-fields': isFlag,
  'x-kubernetes-embedded-resource': isFlag,
  'x-kubernetes-int-or-string': isFlag,
  'x-kubernetes-list-type': isText,
  'x-kubernetes-list-map-keys': isTexts,
  'x-kubernetes-map-type': isText,
  'x-kubernetes-validations': isRules,
};

function isText(value: Json): boolean {
  return typeof value === 'string';
}
function isFlag(value: Json): boolean {
  return typeof value === 'boolean';
}
function isNumber(value: Json): boolean {
  return typeof value === 'number';
}
function isTexts(value: Json): boolean {
  return Array.isArray(value) && value.every(isText);
}
function isRules(value: Json): boolean {
  return Array.isArray(value) && value.every((rule) => isJsonObject(rule) && isRule(rule));
}
function isRule({ rule, optionalOldSelf = false, ...rest }: JsonObject): boolean {
  const texts = [rest.message, rest.messageExpression, rest.reason, rest.fieldPath];
  return (
    typeof rule === 'string' &&
    typeof optionalOldSelf === 'boolean' &&
    texts.every((text) => text === undefined || typeof text === 'string')
  );
}
function isSchemas(value: Json): boolean {
  return Array.isArray(value) && value.every(isJsonObject);
}

/** Everything that is wrong with a root schema at `field`. */
export function schemaErrors(root: JsonObject, field: string): FieldError[] {
  const errors = nodeErrors(root, field, 'root');
  const { type } = root;
  if (type === undefined || type === '')
    errors.push(required(`${field}.type`, 'must not be empty at the root'));
  else if (type !== 'object') errors.push(invalidValue(`${field}.type`, type, 'must be object at the root'));
  return errors;
}

type Place = 'root' | 'object fields' | 'array items';

function nodeErrors(node: JsonObject, field: string, place: Place): FieldError[] {
  const shape = shapeErrors(node, field);
  if (shape.length > 0) return shape;
  const props = node as SchemaProps;
  const errors = [
    ...FORBIDDEN.filter((key) => node[key] !== undefined).map((key) =>
      forbiddenField(`${field}.${key}`, 'must be empty to be structural'),
    ),
    ...typeErrors(props, field, place),
    ...containerErrors(props, field),
    ...extensionErrors(props, field),
    ...valueValidationErrors(props, field),
  ];
  for (const [name, child] of Object.entries(props.properties ?? {})) {
    if (place === 'root' && name === 'metadata') continue;
    errors.push(...nodeErrors(child as JsonObject, `${field}.properties[${name}]`, 'object fields'));
  }
  if (props.items) errors.push(...nodeErrors(props.items as JsonObject, `${field}.items`, 'array items'));
  if (isJsonObject(node.additionalProperties)) {
    errors.push(...nodeErrors(node.additionalProperties, `${field}.additionalProperties`, 'object fields'));
  }
  return errors.length > 0 ? errors : defaultErrors(props, field);
}

function shapeErrors(node: JsonObject, field: string): FieldError[] {
  return Object.entries(node)
    .filter(([key, value]) => KEYWORDS[key] && !KEYWORDS[key](value))
    .map(([key, value]) => invalidValue(`${field}.${key}`, value, 'has the wrong type'));
}

function typeErrors(node: SchemaProps, field: string, place: Place): FieldError[] {
  if (node.type) return TYPES.includes(node.type) ? [] : [notSupported(`${field}.type`, node.type, TYPES)];
  if (place === 'root' || isIntOrString(node) || keepsUnknown(node)) return [];
  return [required(`${field}.type`, `must not be empty for specified ${place}`)];
}

function containerErrors(node: SchemaProps, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { properties, additionalProperties, items, type, uniqueItems } = node;
  if (additionalProperties === false) {
    errors.push(
      forbiddenField(`${field}.additionalProperties`, 'additionalProperties cannot be set to false'),
    );
  }
  if (properties && additionalProperties !== undefined && additionalProperties !== false) {
    errors.push(
      forbiddenField(
        `${field}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    );
  }
  if (type === 'array' && !items) errors.push(required(`${field}.items`, 'must be specified'));
  if (uniqueItems) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenField(`${field}.uniqueItems`, why));
  }
  return errors;
}

const LIST_TYPES = ['atomic', 'map', 'set'];

function extensionErrors(node: SchemaProps, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const listType = node['x-kubernetes-list-type'];
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  if (isIntOrString(node) && node.type) {
    errors.push(
      invalidValue(`${field}.type`, node.type, 'must be empty if x-kubernetes-int-or-string is true'),
    );
  }
  if (node['x-kubernetes-embedded-resource'] && node.type !== 'object') {
    errors.push(
      invalidValue(
        `${field}.type`,
        node.type ?? '',
        'must be object if x-kubernetes-embedded-resource is true',
      ),
    );
  }
  if (listType !== undefined && !LIST_TYPES.includes(listType)) {
    errors.push(notSupported(`${field}.x-kubernetes-list-type`, listType, LIST_TYPES));
  }
  if (listType === 'map' && keys.length === 0) {
    errors.push(
      required(`${field}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    );
  }
  if (listType !== 'map' && keys.length > 0) {
    errors.push(
      forbiddenField(
        `${field}.x-kubernetes-list-map-keys`,
        'must be empty unless x-kubernetes-list-type is map',
      ),
    );
  }
  if (node.pattern !== undefined && !isPattern(node.pattern)) {
    errors.push(invalidValue(`${field}.pattern`, node.pattern, 'must be a valid regular expression'));
  }
  return errors;
}

function valueValidationErrors(node: SchemaProps, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    node[key]?.forEach((inner, i) => {
      errors.push(...restrictionErrors(inner, `${field}.${key}[${i}]`, node));
    });
  }
  if (node.not) errors.push(...restrictionErrors(node.not, `${field}.not`, node));
  return errors;
}

function restrictionErrors(node: SchemaProps, field: string, parent: SchemaProps): FieldError[] {
  const loose = node as JsonObject;
  const shape = shapeErrors(loose, field);
  if (shape.length > 0) return shape;
  const banned = isIntOrString(parent) ? SHAPING : [...SHAPING, 'type'];
  const errors = banned
    .filter((key) => loose[key] !== undefined)
    .map((key) => forbiddenField(`${field}.${key}`, 'must be empty to be structural'));
  errors.push(...valueValidationErrors(node, field));
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    errors.push(...restrictionErrors(child, `${field}.properties[${name}]`, {}));
  }
  return node.items ? [...errors, ...restrictionErrors(node.items, `${field}.items`, {})] : errors;
}

/** A default that its own schema would refuse would make every object invalid. */
function defaultErrors(node: SchemaProps, field: string): FieldError[] {
  if (node.default === undefined) return [];
  return valueErrors(node, node.default, '').map((error) =>
    invalidValue(`${field}.default${error.field ? `.${error.field}` : ''}`, node.default, error.message),
  );
}
