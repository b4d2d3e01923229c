// What a value of a schema is in a rule: its type, its value made from JSON, and how large it can be. Only the
// properties that the rules name are declared, so that a rule beside a large schema stays cheap.
// Source: k8s.io/apiserver/pkg/cel/common/schemas.go
import type { Environment } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { parseDurationMs } from '../../duration.ts';
import { isJsonObject, type Json, type JsonObject, jsonEqual, ownValue } from '../../schema/json.ts';
import { isEmbedded, isIntOrString, type SchemaProps } from '../schema-props.ts';
import { escapedName } from './field-names.ts';

export interface RuleType {
  /** In the language, such as `list<int>`. */
  readonly name: string;
  fromJson(json: Json): unknown;
  /** Most elements, keys or bytes that a request can bring. */
  readonly maxSize: number;
  /** Of objects: by escaped name. */
  readonly fields?: ReadonlyMap<string, RuleType>;
  /** Of lists and maps. */
  readonly element?: RuleType;
}

/** As upstream: no request is larger. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const MAX_BYTES_PER_CHARACTER = 4;

const scalar = (
  name: string,
  maxSize: number,
  fromJson: RuleType['fromJson'] = (json) => json,
): RuleType => ({
  name,
  maxSize,
  fromJson,
});

/** An object: keeps what was sent for comparisons, and makes the value of a field when it is asked for. */
abstract class RuleObject extends Map<string, unknown> {
  readonly json: JsonObject;
  protected abstract readonly fieldTypes: ReadonlyMap<string, { key: string; type: RuleType }>;

  constructor(json: JsonObject) {
    super();
    this.json = json;
  }

  override get(name: string): unknown {
    if (this.has(name)) return super.get(name);
    const field = this.fieldTypes.get(name);
    const json = field && ownValue(this.json, field.key);
    if (!field || json === undefined) return undefined;
    const value = field.type.fromJson(json);
    this.set(name, value);
    return value;
  }
}

export class RuleTypes {
  readonly #environment: Environment;
  readonly #named: ReadonlySet<string>;
  #objects = 0;

  /** `named` are the identifiers that the rules use. */
  constructor(environment: Environment, named: ReadonlySet<string>) {
    this.#environment = environment;
    this.#named = named;
  }

  /** `undefined` for what has no type: a rule cannot reach it. */
  typeOf(node: SchemaProps, isResource = isEmbedded(node)): RuleType | undefined {
    if (isIntOrString(node)) return scalar('dyn', textSize(node), wholeOrSelf);
    switch (node.type) {
      case 'boolean':
        return scalar('bool', 1);
      case 'integer':
        return scalar('int', 1, wholeOrSelf);
      case 'number':
        return scalar('double', 1);
      case 'string':
        return stringType(node);
      case 'array':
        return this.#listType(node);
      case 'object':
        return typeof node.additionalProperties === 'object'
          ? this.#mapType(node)
          : this.#objectType(node, isResource);
      default:
        return undefined;
    }
  }

  /** As a part of another value: null can stand in it where the schema allows that. */
  #partOf(node: SchemaProps): RuleType | undefined {
    const type = this.typeOf(node);
    if (!type || !node.nullable) return type;
    return { ...type, name: 'dyn', fromJson: (json) => (json === null ? null : type.fromJson(json)) };
  }

  #listType(node: SchemaProps): RuleType | undefined {
    const element = node.items && this.#partOf(node.items);
    if (!element) return undefined;
    const fromJson = (json: Json) =>
      Array.isArray(json) ? json.map((item) => element.fromJson(item)) : json;
    return { name: `list<${element.name}>`, element, maxSize: mostCopies(node), fromJson };
  }

  #mapType(node: SchemaProps): RuleType | undefined {
    const element = this.#partOf(node.additionalProperties as SchemaProps);
    if (!element) return undefined;
    const fromJson = (json: Json) =>
      isJsonObject(json)
        ? new Map(Object.entries(json).map(([key, value]) => [key, element.fromJson(value)]))
        : json;
    return { name: `map<string, ${element.name}>`, element, maxSize: mostCopies(node), fromJson };
  }

  #objectType(node: SchemaProps, isResource: boolean): RuleType {
    const properties = isResource ? { ...node.properties, ...RESOURCE_FIELDS } : (node.properties ?? {});
    const fieldTypes = new Map<string, { key: string; type: RuleType }>();
    for (const [key, child] of Object.entries(properties)) {
      const name = escapedName(key);
      const type = name && this.#named.has(name) ? this.#partOf(child) : undefined;
      if (name && type) fieldTypes.set(name, { key, type });
    }
    const name = `Object${++this.#objects}`;
    const ObjectClass = class extends RuleObject {
      protected override get fieldTypes() {
        return fieldTypes;
      }
    };
    const fields = new Map([...fieldTypes].map(([field, { type }]) => [field, type]));
    this.#register(name, ObjectClass, fields);
    const fromJson = (json: Json) => (isJsonObject(json) ? new ObjectClass(json) : json);
    return { name, fields, maxSize: 1, fromJson };
  }

  #register(name: string, ctor: new (json: JsonObject) => RuleObject, fields: Map<string, RuleType>): void {
    const names = Object.fromEntries([...fields].map(([field, type]) => [field, type.name]));
    this.#environment.registerType(name, { ctor, fields: names });
    const isSame = (a: RuleObject, b: RuleObject) => jsonEqual(a.json, b.json);
    this.#environment.registerOperator(`${name} == ${name}`, isSame);
    this.#environment.registerOperator(`${name} == null`, () => false);
  }
}

/** Of every resource, and of what is embedded as one; the rest of metadata is no rule's business. */
const RESOURCE_FIELDS: Readonly<Record<string, SchemaProps>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: {
    type: 'object',
    properties: { name: { type: 'string' }, generateName: { type: 'string' } },
  },
};

/** The most items of a list, or values of a map, that a request can bring; 1 for anything else. */
export function mostCopies(node: SchemaProps): number {
  const { type, items, additionalProperties, maxItems, maxProperties } = node;
  // A comma beside each item; quotes, a colon and a comma beside each value.
  if (type === 'array') return maxItems ?? Math.floor((MAX_REQUEST_BYTES - 2) / (leastBytes(items) + 1));
  if (typeof additionalProperties !== 'object') return 1;
  return maxProperties ?? Math.floor((MAX_REQUEST_BYTES - 2) / (leastBytes(additionalProperties) + 6));
}

/** Of an object in a request. */
function objectBytes({ properties = {}, required = [] }: SchemaProps): number {
  return required.reduce((sum, key) => sum + key.length + 4 + leastBytes(properties[key]), 2);
}

function leastBytes(node: SchemaProps | undefined): number {
  if (node?.type === 'object') return objectBytes(node);
  if (node?.type === 'boolean') return 4;
  return node?.type === 'string' || node?.type === 'array' ? 2 : 1;
}

const wholeOrSelf = (json: Json) =>
  typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : json;

const textSize = ({ maxLength, enum: allowed }: SchemaProps): number => {
  if (allowed) return Math.max(0, ...allowed.map((value) => String(value).length));
  return maxLength === undefined ? MAX_REQUEST_BYTES - 2 : maxLength * MAX_BYTES_PER_CHARACTER;
};

function stringType(node: SchemaProps): RuleType {
  const text = (make: (text: string) => unknown) => (json: Json) =>
    typeof json === 'string' ? make(json) : json;
  switch (node.format) {
    case 'byte':
      return scalar(
        'bytes',
        textSize(node),
        text((value) => Buffer.from(value, 'base64')),
      );
    case 'date':
      return scalar(
        'google.protobuf.Timestamp',
        10,
        text((value) => new Date(`${value}T00:00:00Z`)),
      );
    case 'date-time':
      return scalar(
        'google.protobuf.Timestamp',
        20,
        text((value) => new Date(value)),
      );
    case 'duration':
      return scalar('google.protobuf.Duration', 20, text(durationOf));
    default:
      return scalar('string', textSize(node));
  }
}

function durationOf(text: string): unknown {
  const durationMs = parseDurationMs(text);
  return durationMs === undefined ? text : Duration.fromMilliseconds(durationMs);
}
