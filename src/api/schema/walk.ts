// One walk over one decoded value beside its schema: collects what does not fit and builds a clean copy.
import { badRequest } from '../status-error.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { emptyScalar, readScalar } from './scalars.ts';
import type { CheckResult, MessageSpec, Schema } from './schema.ts';
import { type FieldType, goTypeName } from './table.ts';

/** Deeper than any kind goes; keeps recursion, here and in whoever walks the copy, far from the stack's end. */
const MAX_DEPTH = 100;
/** As upstream: a hostile body must not become a message of megabytes. */
const MAX_ERRORS = 100;
const MAX_TEXT_LENGTH = 1000;

/** Where the walk stands: the JSON path for people, and Go's `Struct.path.without.indices` for type errors. */
interface Place {
  readonly path: string;
  readonly goStruct: string;
  readonly goPath: string;
  readonly depth: number;
}

export class Walk {
  readonly #schema: Schema;
  readonly #unknownFields: string[] = [];
  readonly #typeErrors: string[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  run(message: MessageSpec, value: unknown): CheckResult {
    if (!isJsonObject(value)) {
      const type = goTypeName({ shape: 'message', message: message.name });
      throw badRequest(`json: cannot unmarshal ${describe(value)} into Go value of type ${type}`);
    }
    const copy = this.#message(message, value, { path: '', goStruct: message.goName, goPath: '', depth: 0 });
    return { unknownFields: this.#unknownFields, typeErrors: this.#typeErrors, value: copy };
  }

  #message(message: MessageSpec, value: JsonObject, at: Place): JsonObject {
    const copy: JsonObject = {};
    for (const key of Object.keys(value)) {
      // In-process callers may leave `undefined` standing, which JSON does not know.
      if (value[key] === undefined) continue;
      const path = at.path ? `${at.path}.${key}` : key;
      const field = message.fields.get(key);
      if (!field) {
        add(this.#unknownFields, `unknown field "${path}"`);
        continue;
      }
      if (value[key] === null) continue;
      const goPath = at.goPath ? `${at.goPath}.${key}` : key;
      const next = { path, goStruct: message.goName, goPath, depth: at.depth + 1 };
      const read = this.#value(field.type, value[key]!, next);
      if (read !== undefined) copy[key] = read;
    }
    return copy;
  }

  /** `undefined` when the value does not fit; the error is then noted. */
  #value(type: FieldType, value: Json, at: Place): Json | undefined {
    if (at.depth > MAX_DEPTH) throw tooDeep(at.path);
    switch (type.shape) {
      case 'scalar':
        return this.#scalar(type, value, at);
      case 'message':
        if (!isJsonObject(value)) return this.#mismatch(type, value, at);
        return this.#message(this.#schema.message(type.message), value, at);
      case 'list':
        return Array.isArray(value) ? this.#list(type.of, value, at) : this.#mismatch(type, value, at);
      case 'map':
        return isJsonObject(value) ? this.#map(type.of, value, at) : this.#mismatch(type, value, at);
    }
  }

  #list(of: FieldType, value: readonly Json[], at: Place): Json[] {
    const copy: Json[] = [];
    for (const [index, item] of value.entries()) {
      const read = this.#item(of, item, { ...at, path: `${at.path}[${index}]`, depth: at.depth + 1 });
      if (read !== undefined) copy.push(read);
    }
    return copy;
  }

  #map(of: FieldType, value: JsonObject, at: Place): JsonObject {
    const copy: JsonObject = {};
    for (const key of Object.keys(value)) {
      const path = `${at.path}.${key}`;
      if (value[key] === undefined || this.#refusesKey(key, path)) continue;
      const read = this.#item(of, value[key]!, { ...at, path, depth: at.depth + 1 });
      if (read !== undefined) copy[key] = read;
    }
    return copy;
  }

  /** Go reads a null among items as the type's zero value. */
  #item(of: FieldType, value: Json, at: Place): Json | undefined {
    return value === null ? zeroValue(of) : this.#value(of, value, at);
  }

  #scalar(type: FieldType & { shape: 'scalar' }, value: Json, at: Place): Json | undefined {
    if (type.name === 'Any') return this.#any(value, at);
    const read = readScalar(type.name, value);
    if ('value' in read) return read.value;
    if (read.error === undefined) return this.#mismatch(type, value, at);
    add(this.#typeErrors, `${at.path}: ${read.error}`);
    return undefined;
  }

  /** JSON whose shape is somebody else's: copied as it is. */
  #any(value: Json, at: Place): Json {
    if (at.depth > MAX_DEPTH) throw tooDeep(at.path);
    const depth = at.depth + 1;
    if (Array.isArray(value)) {
      return value.map((item, index) => this.#any(item, { ...at, path: `${at.path}[${index}]`, depth }));
    }
    if (!isJsonObject(value)) return value;
    const copy: JsonObject = {};
    for (const key of Object.keys(value)) {
      const path = `${at.path}.${key}`;
      if (value[key] === undefined || this.#refusesKey(key, path)) continue;
      copy[key] = this.#any(value[key]!, { ...at, path, depth });
    }
    return copy;
  }

  /** This one name would set the prototype of every copy made by assignment, here and in our clients. */
  #refusesKey(key: string, path: string): boolean {
    if (key !== '__proto__') return false;
    add(this.#typeErrors, `${path}: the key "__proto__" is not accepted: choose another name`);
    return true;
  }

  #mismatch(type: FieldType, value: Json, at: Place): undefined {
    const isInteger = type.shape === 'scalar' && (type.name === 'int32' || type.name === 'int64');
    const found = isInteger && typeof value === 'number' ? `number ${value}` : describe(value);
    const field = `${at.goStruct}.${at.goPath}`;
    const text = `json: cannot unmarshal ${found} into Go struct field ${field} of type ${goTypeName(type)}`;
    add(this.#typeErrors, text);
  }
}

function add(list: string[], text: string): void {
  if (list.length >= MAX_ERRORS) return;
  list.push(text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text);
}

const tooDeep = (path: string) =>
  badRequest(`the object is nested deeper than ${MAX_DEPTH} levels at ${path.slice(0, 200)}`);

function zeroValue(type: FieldType): Json {
  if (type.shape === 'scalar') return emptyScalar(type.name);
  return type.shape === 'list' ? [] : {};
}

/** Go's names for what stands in JSON. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}
