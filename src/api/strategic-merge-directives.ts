// The directives of a strategic merge patch: their words, and values freed of them.
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from './schema/json.ts';
import { badRequest } from './status-error.ts';

/** Replaces, deletes or (said openly) merges the object that it stands in. */
export const PATCH_DIRECTIVE = '$patch';
/** Lists the fields that stay; all others of the object are cleared. */
export const RETAIN_KEYS = '$retainKeys';
/** Before the name of a list: the order that its items shall have. */
export const SET_ORDER_PREFIX = '$setElementOrder/';
/** Before the name of a list of scalars: the values to take out. */
export const DELETE_PREFIX = '$deleteFromPrimitiveList/';

/** Throws StatusError 400 for a `$patch` that is none of upstream's. */
export function directiveOf(patch: Json): 'replace' | 'delete' | 'merge' | undefined {
  const directive = isJsonObject(patch) ? ownValue(patch, PATCH_DIRECTIVE) : undefined;
  if (directive === undefined) return undefined;
  if (directive === 'replace' || directive === 'delete' || directive === 'merge') return directive;
  throw badRequest(
    `unknown patch type found: ${JSON.stringify(directive)}: want "replace", "delete" or "merge"`,
  );
}

/** What a patch's value is where there is nothing to merge it with: no nulls, no directives, nothing deleted. */
export function withoutDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.filter((item) => !isDirectiveItem(item)).map(withoutDirectives);
  if (!isJsonObject(value)) return value;
  const clean: JsonObject = {};
  for (const key of Object.keys(value)) {
    const field = value[key]!;
    if (field === null || isDirectiveKey(key) || directiveOf(field) === 'delete') continue;
    setOwn(clean, key, withoutDirectives(field));
  }
  return clean;
}

function isDirectiveKey(key: string): boolean {
  return (
    key === PATCH_DIRECTIVE ||
    key === RETAIN_KEYS ||
    key.startsWith(SET_ORDER_PREFIX) ||
    key.startsWith(DELETE_PREFIX)
  );
}

/** Items that only say what to do with others: `{$patch: delete, name: x}`, `{$patch: replace}`. */
function isDirectiveItem(item: Json): boolean {
  const directive = directiveOf(item);
  return directive === 'delete' || directive === 'replace';
}
