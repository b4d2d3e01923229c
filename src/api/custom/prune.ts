// A custom object as its schema knows it: unknown fields are noted and left out, defaults filled in.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}/algorithm.go
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import { badRequest } from '../status-error.ts';
import { isEmbedded, keepsUnknown, type SchemaProps, schemaOfKey, TYPE_META } from './schema-props.ts';

/** As for compiled-in kinds: whoever walks the copy later stays far from the stack's end. */
const MAX_DEPTH = 100;
const MAX_UNKNOWN = 100;
const MAX_TEXT_LENGTH = 500;

export interface Pruned {
  value: Json;
  /** In upstream's words, each `unknown field "spec.x"`; at most 100. */
  unknownFields: string[];
}

/** Throws StatusError 400 for nesting deeper than MAX_DEPTH and for the key `__proto__`. */
export function prune(root: SchemaProps, value: Json): Pruned {
  const walk = new PruneWalk();
  return { value: walk.value(root, value, '', 0, true), unknownFields: walk.unknownFields };
}

class PruneWalk {
  readonly unknownFields: string[] = [];

  /** `node` true = anything may stand here. */
  value(node: SchemaProps | true, value: Json, path: string, depth: number, isObject: boolean): Json {
    if (depth > MAX_DEPTH) throw badRequest(`the object is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) {
      const items = node === true ? true : (node.items ?? (keepsUnknown(node) ? true : {}));
      return value.map((item, i) => this.value(items, item, `${path}[${i}]`, depth + 1, false));
    }
    if (!isJsonObject(value)) return value;
    return this.#object(node, value, path, depth, isObject || (node !== true && isEmbedded(node)));
  }

  #object(
    node: SchemaProps | true,
    value: JsonObject,
    path: string,
    depth: number,
    isObject: boolean,
  ): JsonObject {
    const copy: JsonObject = {};
    for (const [key, child] of Object.entries(value)) {
      if (child === undefined) continue;
      if (key === '__proto__') throw badRequest('the key "__proto__" is not accepted: choose another name');
      const at = path ? `${path}.${key}` : key;
      const known = isObject && TYPE_META.includes(key) ? true : schemaFor(node, key);
      if (known) copy[key] = this.value(known, child, at, depth + 1, false);
      else if (this.unknownFields.length < MAX_UNKNOWN) {
        this.unknownFields.push(`unknown field "${at.slice(0, MAX_TEXT_LENGTH)}"`);
      }
    }
    return copy;
  }
}

function schemaFor(node: SchemaProps | true, key: string): SchemaProps | true | undefined {
  if (node === true) return true;
  return schemaOfKey(node, key) ?? (keepsUnknown(node) ? true : undefined);
}

/** Changes `value`. A null stands for itself where it is allowed, else it makes room for the default. */
export function applyDefaults(node: SchemaProps, value: Json): void {
  if (Array.isArray(value)) {
    if (node.items) for (const item of value) applyDefaults(node.items, item);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (child.default === undefined) continue;
    const absent = !Object.hasOwn(value, key) || (value[key] === null && !child.nullable);
    if (absent) value[key] = structuredClone(child.default);
  }
  for (const [key, child] of Object.entries(value)) {
    const schema = schemaOfKey(node, key);
    if (schema && schema !== true) applyDefaults(schema, child);
  }
}
