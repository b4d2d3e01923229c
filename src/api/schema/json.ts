// JSON as TypeScript sees it, and the one safe way to give an object a key that came from outside.

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads an own key only: `toString` and `__proto__` of the prototype are not there. */
export const ownValue = <T>(object: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** Sets an own key, `__proto__` too: Schema.check then refuses it, where an assignment would lose it silently. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Equal as JSON: a field that is undefined counts as absent, the order of keys does not matter, that of items does. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => jsonEqual(v, b[i]))
    );
  }
  return sameFields(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  // Every write compares whole objects: no lists of their entries are made for it.
  for (const name in a) {
    if (!Object.hasOwn(a, name)) continue;
    const value = a[name];
    if (value === undefined ? b[name] !== undefined : !Object.hasOwn(b, name) || !jsonEqual(value, b[name])) {
      return false;
    }
  }
  for (const name in b) {
    if (Object.hasOwn(b, name) && b[name] !== undefined && !Object.hasOwn(a, name)) return false;
  }
  return true;
}
