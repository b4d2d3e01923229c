// A protobuf message as the JSON that the same object has: numbers become names by the schema table, inlined
// messages join their parent, zeros that Go writes without meaning them are dropped. What does not fit is a 400.
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../schema/json.ts';
import type { Schema, WireField } from '../schema/schema.ts';
import { type FieldSpec, type FieldType, parseFieldSpec, type ScalarName } from '../schema/table.ts';
import { specialReaders } from './special-values.ts';
import { FIXED64, LENGTH_DELIMITED, malformed, VARINT, WireReader } from './wire-reader.ts';

/** As deep as Schema.check goes. */
const MAX_DEPTH = 100;

/** @throws StatusError BadRequest for bytes that are no such message. */
export function decodeMessage(schema: Schema, messageName: string, bytes: Buffer): JsonObject {
  const target: JsonObject = {};
  new MessageDecoder(schema).message(messageName, bytes, target, 0);
  return target;
}

/** One field on the wire, its value not yet read. */
interface Field {
  /** For errors. */
  name: string;
  reader: WireReader;
  wireType: number;
  depth: number;
  /** Set where JSON has one of several shapes. */
  union: string | undefined;
}

class MessageDecoder {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Adds to `target` what is in `bytes`: a message that comes twice is joined, as protobuf has it. */
  message(name: string, bytes: Buffer, target: JsonObject, depth: number): void {
    this.#message(this.#schema.wireFields(name), bytes, target, depth);
  }

  #message(fields: ReadonlyMap<number, WireField>, bytes: Buffer, target: JsonObject, depth: number): void {
    if (depth > MAX_DEPTH) throw malformed(`nested deeper than ${MAX_DEPTH} levels`);
    const reader = new WireReader(bytes);
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag();
      const known = fields.get(number);
      if (!known) reader.skip(wireType);
      else {
        const { spec, jsonName } = known;
        this.#field(spec, { name: jsonName, reader, wireType, depth, union: spec.union }, target);
      }
    }
  }

  #field(spec: FieldSpec, at: Field, target: JsonObject): void {
    const { type } = spec;
    if (spec.inline && type.shape === 'message') {
      this.message(type.message, lengthDelimited(at), target, at.depth + 1);
      return;
    }
    const known = ownValue(target, at.name);
    if (type.shape === 'list') {
      const list = Array.isArray(known) ? known : [];
      this.#items(type.of, at, list);
      target[at.name] = list;
    } else if (type.shape === 'map') {
      const map = isJsonObject(known) ? known : {};
      this.#entry(type.of, at, map);
      target[at.name] = map;
    } else {
      const value = this.#value(type, at, known);
      if (value !== undefined && (isMeant(spec) || !isZero(value))) target[at.name] = value;
      else delete target[at.name];
    }
  }

  /** One item, or many numbers packed into one field. */
  #items(of: FieldType, at: Field, list: Json[]): void {
    const packedType = of.shape === 'scalar' ? numberWireType(of.name) : undefined;
    if (packedType === undefined || at.wireType !== LENGTH_DELIMITED) {
      list.push(this.#value(of, at, undefined) ?? null);
      return;
    }
    const packed = { ...at, reader: new WireReader(at.reader.bytes()), wireType: packedType };
    while (!packed.reader.isAtEnd) list.push(this.#value(of, packed, undefined) ?? null);
  }

  /** A map's entry is a message of its own: key 1, value 2. */
  #entry(of: FieldType, at: Field, map: JsonObject): void {
    const reader = new WireReader(lengthDelimited(at));
    let key = '';
    let value: Json | undefined;
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag();
      const field = { ...at, reader, wireType };
      if (number === 1) key = lengthDelimitedText(field);
      else if (number === 2) value = this.#entryValue(of, field);
      else reader.skip(wireType);
    }
    setOwn(map, key, value ?? zeroOf(of));
  }

  /** A list as a map's value (ExtraValue) has a message around it: protobuf knows no map of lists. */
  #entryValue(of: FieldType, at: Field): Json | undefined {
    if (of.shape !== 'list') return this.#value(of, at, undefined);
    const reader = new WireReader(lengthDelimited(at));
    const list: Json[] = [];
    while (!reader.isAtEnd) {
      const { number, wireType } = reader.tag();
      if (number === 1) this.#items(of.of, { ...at, reader, wireType }, list);
      else reader.skip(wireType);
    }
    return list;
  }

  #value(type: FieldType, at: Field, known: Json | undefined): Json | undefined {
    if (at.union !== undefined) return this.#union(at.union, at);
    if (type.shape === 'scalar') return scalar(type.name, at);
    if (type.shape !== 'message') throw malformed(`${at.name}: a list stands where none can`);
    const target = isJsonObject(known) ? known : {};
    this.message(type.message, lengthDelimited(at), target, at.depth + 1);
    return target;
  }

  /** As Go writes such a field in JSON: the list where there is one, else the schema, else yes or no. */
  #union(union: string, at: Field): Json | undefined {
    const target: JsonObject = {};
    this.#message(UNION_FIELDS[union] ?? new Map(), lengthDelimited(at), target, at.depth + 1);
    return target.list ?? target.schema ?? target.allows ?? (union === OR_BOOL ? false : undefined);
  }
}

const JSON_SCHEMA = 'apiextensions/v1.JSONSchemaProps';
const OR_BOOL = 'JSONSchemaPropsOrBool';

/** Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/generated.proto. */
const UNION_FIELDS: Readonly<Record<string, ReadonlyMap<number, WireField>>> = {
  JSONSchemaPropsOrArray: wireFields(`1 ${JSON_SCHEMA}`, 'schema', `2 []${JSON_SCHEMA}`, 'list'),
  [OR_BOOL]: wireFields('1 bool', 'allows', `2 ${JSON_SCHEMA}`, 'schema'),
  JSONSchemaPropsOrStringArray: wireFields(`1 ${JSON_SCHEMA}`, 'schema', '2 []string', 'list'),
};

/** Texts as the schema table has them, each followed by its name. */
function wireFields(first: string, firstName: string, second: string, secondName: string) {
  return new Map<number, WireField>([
    [1, { jsonName: firstName, spec: parseFieldSpec(first, '') }],
    [2, { jsonName: secondName, spec: parseFieldSpec(second, '') }],
  ]);
}

function scalar(type: ScalarName, at: Field): Json | undefined {
  expectWireType(at, numberWireType(type) ?? LENGTH_DELIMITED);
  const { reader } = at;
  switch (type) {
    case 'string':
      return reader.text();
    case 'bytes':
      return reader.bytes().toString('base64');
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()));
    case 'int64':
      return Number(BigInt.asIntN(64, reader.varint()));
    case 'double':
      return reader.double();
    default:
      return specialReaders[type]?.(reader.bytes());
  }
}

function numberWireType(type: ScalarName): number | undefined {
  if (type === 'double') return FIXED64;
  return type === 'bool' || type === 'int32' || type === 'int64' ? VARINT : undefined;
}

function expectWireType({ wireType, name }: Field, wanted: number): void {
  if (wireType !== wanted) throw malformed(`wrong wireType = ${wireType} for field ${name}`);
}

function lengthDelimited(at: Field): Buffer {
  expectWireType(at, LENGTH_DELIMITED);
  return at.reader.bytes();
}

function lengthDelimitedText(at: Field): string {
  expectWireType(at, LENGTH_DELIMITED);
  return at.reader.text();
}

/** Whether a zero says something: Go writes such a field only when it was set, or always. */
const isMeant = ({ required, pointer, union }: FieldSpec): boolean =>
  required || pointer || union !== undefined;

/** What Go writes for a field that was never set; an empty object may mean something (`emptyDir: {}`). */
const isZero = (value: Json): boolean => value === '' || value === 0 || value === false;

function zeroOf(type: FieldType): Json {
  if (type.shape === 'message' || type.shape === 'map') return {};
  if (type.shape === 'list') return [];
  if (type.name === 'bool') return false;
  return numberWireType(type.name) === undefined ? '' : 0;
}
