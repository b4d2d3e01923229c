// Whether a custom object's value fits its schema, in the words of upstream's validator. What an update leaves as it was
// is not told: a schema may have become stricter since.
// Source: k8s.io/kube-openapi/pkg/validation, k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype
import { duplicate, invalidValue, notSupported, required } from '../field-error.ts';
import { isJsonObject, type Json, type JsonObject, jsonEqual, ownValue } from '../schema/json.ts';
import type { FieldError } from '../status-error.ts';
import { correlated, correlatedFields, identityOf } from './correlated-items.ts';
import { hasFormat } from './formats.ts';
import { matches } from './patterns.ts';
import { isEmbedded, isIntOrString, type SchemaProps, schemaOfKey } from './schema-props.ts';

/** As upstream: a hostile object must not make an answer of megabytes. */
const MAX_ERRORS = 100;

/** Twice as many as the largest request has values: more only where a schema asks for each value many times. */
const MAX_CHECKS = 3_000_000;

/** One that does not fit costs the words of its errors, which nobody hears. */
const CHECKS_PER_ALTERNATIVE = 5;

/** It would hold up everybody else: the object is refused with what was found until then. */
class TooMuchWork extends Error {}

/** What was found, and how much may still be done for it. */
interface Found {
  errors: FieldError[];
  /** One for all of an object. */
  work: { checks: number };
}

/**
 * Everything that is wrong with `value`, whose JSON path is `path` ('' for the whole object), and was not so in
 * `previous`.
 */
export function valueErrors(node: SchemaProps, value: Json, path: string, previous?: Json): FieldError[] {
  const found: Found = { errors: [], work: { checks: 0 } };
  try {
    check(node, value, path, found, previous);
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    const why = `${inBody(path)} takes too long to check: ${error.message}`;
    return [...found.errors.slice(0, MAX_ERRORS - 1), invalidValue(path, '', why)];
  }
  return found.errors.slice(0, MAX_ERRORS);
}

function check(node: SchemaProps, value: Json, path: string, found: Found, previous?: Json): void {
  const { errors, work } = found;
  if (errors.length > MAX_ERRORS) return;
  if (++work.checks > MAX_CHECKS) throw new TooMuchWork('its schema looks at too many values too often');
  if (previous !== undefined && jsonEqual(value, previous)) return;
  if (value === null && node.nullable) return;
  const expected = typeMismatch(node, value);
  if (expected) {
    errors.push(wrongType(path, value, expected));
    return;
  }
  if (node.enum && !node.enum.some((allowed) => jsonEqual(allowed, value))) {
    errors.push(notSupported(path, value, node.enum.map(String)));
  }
  if (typeof value === 'number') numberErrors(node, value, path, errors);
  if (typeof value === 'string') textErrors(node, value, path, errors);
  if (Array.isArray(value)) listErrors(node, value, path, found, previous);
  if (isJsonObject(value)) objectErrors(node, value, path, found, previous);
  combinationErrors(node, value, path, found);
}

/** The type that the value should have; `undefined` when it fits. */
function typeMismatch(node: SchemaProps, value: Json): string | undefined {
  if (isIntOrString(node)) {
    return typeof value === 'string' || Number.isInteger(value) ? undefined : 'integer,string';
  }
  switch (node.type) {
    case undefined:
    case '':
      return undefined;
    case 'object':
      return isJsonObject(value) ? undefined : 'object';
    case 'array':
      return Array.isArray(value) ? undefined : 'array';
    case 'integer':
      return Number.isInteger(value) ? undefined : 'integer';
    default:
      return typeof value === node.type ? undefined : node.type;
  }
}

/** Go's and JSON's names for what was sent instead. */
function nameOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function wrongType(field: string, value: Json, expected: string): FieldError {
  const found = JSON.stringify(nameOf(value));
  const message = `Invalid value: ${found}: ${inBody(field)} must be of type ${expected}: ${found}`;
  return { reason: 'FieldValueTypeInvalid', field, message };
}

const inBody = (path: string) => (path ? `${path} in body` : 'value in body');

function numberErrors(node: SchemaProps, value: number, path: string, errors: FieldError[]): void {
  const say = (why: string) => errors.push(invalidValue(path, value, `${inBody(path)} should be ${why}`));
  const { maximum, minimum, multipleOf } = node;
  if (maximum !== undefined && (node.exclusiveMaximum ? value >= maximum : value > maximum)) {
    say(`less than ${node.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (node.exclusiveMinimum ? value <= minimum : value < minimum)) {
    say(`greater than ${node.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) say(`a multiple of ${multipleOf}`);
}

function textErrors(node: SchemaProps, value: string, path: string, errors: FieldError[]): void {
  const { maxLength, minLength, pattern, format } = node;
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} bytes`;
    errors.push({ reason: 'FieldValueTooLong', field: path, message });
  }
  if (minLength !== undefined && length < minLength) {
    errors.push(invalidValue(path, value, `${inBody(path)} should be at least ${minLength} chars long`));
  }
  const isMatch = pattern === undefined || matches(pattern, value);
  if (isMatch === undefined) throw new TooMuchWork(`'${pattern}' searches ${path} for too long`);
  if (!isMatch) {
    errors.push(invalidValue(path, value, `${inBody(path)} should match '${pattern}'`));
  }
  if (format && !hasFormat(format, value)) {
    errors.push(
      invalidValue(path, value, `${inBody(path)} must be of type ${format}: ${JSON.stringify(value)}`),
    );
  }
}

function countErrors(
  count: number,
  min: number | undefined,
  max: number | undefined,
  what: string,
  path: string,
  errors: FieldError[],
): void {
  if (max !== undefined && count > max) {
    const message = `Too many: ${count}: must have at most ${max} items`;
    errors.push({ reason: 'FieldValueTooLong', field: path, message });
  }
  if (min !== undefined && count < min) {
    errors.push(invalidValue(path, count, `${inBody(path)} should have at least ${min} ${what}`));
  }
}

function listErrors(
  node: SchemaProps,
  items: Json[],
  path: string,
  found: Found,
  previous: Json | undefined,
): void {
  const { errors } = found;
  countErrors(items.length, node.minItems, node.maxItems, 'items', path, errors);
  const before = correlated(node, previous);
  items.forEach((item, i) => {
    if (node.items) check(node.items, item, `${path}[${i}]`, found, before(item));
  });
  const identity = identityOf(node);
  if (!identity) return;
  const seen = new Set<string>();
  items.forEach((item, i) => {
    const key = JSON.stringify(identity(item));
    if (seen.has(key)) errors.push(duplicate(`${path}[${i}]`, identity(item)));
    seen.add(key);
  });
}

function objectErrors(
  node: SchemaProps,
  value: JsonObject,
  path: string,
  found: Found,
  previous: Json | undefined,
): void {
  const { errors } = found;
  const old = correlatedFields(node, previous);
  const at = (key: string) => (path ? `${path}.${key}` : key);
  countErrors(Object.keys(value).length, node.minProperties, node.maxProperties, 'properties', path, errors);
  for (const key of node.required ?? []) if (!Object.hasOwn(value, key)) errors.push(required(at(key)));
  if (isEmbedded(node)) {
    for (const key of ['apiVersion', 'kind'])
      if (!value[key]) errors.push(required(at(key), 'must not be empty'));
  }
  for (const [key, child] of Object.entries(value)) {
    const schema = schemaOfKey(node, key);
    if (schema && schema !== true) check(schema, child, at(key), found, ownValue(old, key));
  }
}

function combinationErrors(node: SchemaProps, value: Json, path: string, found: Found): void {
  const { errors, work } = found;
  const fits = (schema: SchemaProps) => {
    const inner: Found = { errors: [], work };
    work.checks += CHECKS_PER_ALTERNATIVE;
    check(schema, value, path, inner);
    return inner.errors.length === 0;
  };
  const say = (why: string) => errors.push(invalidValue(path, '', `${JSON.stringify(path)} must ${why}`));
  for (const inner of node.allOf ?? []) check(inner, value, path, found);
  if (node.anyOf && !node.anyOf.some(fits)) say('validate at least one schema (anyOf)');
  if (node.not && fits(node.not)) say('not validate the schema (not)');
  if (!node.oneOf) return;
  const valid = node.oneOf.filter(fits).length;
  if (valid === 1) return;
  say(`validate one and only one schema (oneOf). Found ${valid === 0 ? 'none' : valid} valid`);
}
