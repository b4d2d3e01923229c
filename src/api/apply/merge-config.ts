// An applied configuration laid over the object as it is: what it says wins, what it does not say stays. Neither is
// changed. Source: structured-merge-diff, typed/merge.go.
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../schema/json.ts';
import { badRequest } from '../status-error.ts';
import { type ApplyType, fieldOf, resolved } from './apply-type.ts';
import { elementOf, itemType } from './list-items.ts';

/** @throws StatusError BadRequest for a list whose items cannot be told apart. */
export function mergeConfig(type: ApplyType, live: JsonObject, config: JsonObject): JsonObject {
  return merged(type, live, config, '') as JsonObject;
}

function merged(type: ApplyType, live: Json | undefined, config: Json, path: string): Json {
  const actual = resolved(type, live, config);
  if (actual.shape === 'set' || actual.shape === 'keyed') {
    return mergedItems(actual, (live ?? []) as Json[], config as Json[], path);
  }
  if (actual.shape === 'leaf' || !isJsonObject(config)) return config;
  const base = (live ?? {}) as JsonObject;
  const result: JsonObject = { ...base };
  for (const [name, value] of Object.entries(config)) {
    const known = ownValue(base, name);
    setOwn(result, name, merged(fieldOf(actual, name), known, value, `${path}.${name}`));
  }
  return result;
}

type ListType = Extract<ApplyType, { shape: 'set' | 'keyed' }>;

/** In the order of the configuration; items that only the object has keep their place before what follows them. */
function mergedItems(type: ListType, live: readonly Json[], config: readonly Json[], path: string): Json[] {
  const applied = appliedElements(type, config, path);
  const old = live.map((item) => ({ item, element: elementOf(type, item) }));
  const known = new Map(old.map(({ item, element }) => [element, item]));
  const result: Json[] = [];
  let at = 0;
  const keepUntilApplied = () => {
    for (let next = old[at]; next && !isApplied(applied, next.element); next = old[at]) {
      result.push(next.item);
      at += 1;
    }
  };
  for (const [element, item] of applied) {
    keepUntilApplied();
    result.push(merged(itemType(type), known.get(element), item, `${path}${element}`));
    if (isApplied(applied, old[at]?.element)) at += 1;
  }
  for (; at < old.length; at += 1) {
    const rest = old[at];
    if (rest && !isApplied(applied, rest.element)) result.push(rest.item);
  }
  return result;
}

const isApplied = (applied: Map<string, Json>, element: string | undefined): boolean =>
  element !== undefined && applied.has(element);

function appliedElements(type: ListType, config: readonly Json[], path: string): Map<string, Json> {
  const elements = new Map<string, Json>();
  for (const [index, item] of config.entries()) {
    const element = elementOf(type, item);
    if (element === undefined) {
      const keys = type.shape === 'keyed' ? type.keys.join(', ') : '';
      throw badRequest(
        `${path}: element ${index}: associative list with keys has an element that omits key field "${keys}"`,
      );
    }
    if (elements.has(element)) throw badRequest(`${path}: duplicate entries for key ${element.slice(2)}`);
    elements.set(element, item);
  }
  return elements;
}
