// Items of lists that are owned item by item: what each is called in a set of fields.
import { isJsonObject, type Json, ownValue } from '../schema/json.ts';
import type { ApplyType } from './apply-type.ts';

type ListType = Extract<ApplyType, { shape: 'set' | 'keyed' }>;

/** The one key that upstream's schemas give a default: a port without a protocol is a TCP port. */
const KEY_DEFAULTS: Readonly<Record<string, Json>> = { protocol: 'TCP' };

/** `k:{…}` or `v:…`; `undefined` for an item without its keys. */
export function elementOf(type: ListType, item: Json): string | undefined {
  if (type.shape === 'set') return `v:${JSON.stringify(item)}`;
  if (!isJsonObject(item)) return undefined;
  const keys: Record<string, Json> = {};
  for (const key of type.keys) {
    const value = ownValue(item, key) ?? KEY_DEFAULTS[key];
    if (value === undefined) return undefined;
    keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

export const itemType = (type: ListType): ApplyType => (type.shape === 'keyed' ? type.of : { shape: 'leaf' });

/**
 * The items by their elements; `undefined` when two share one or one has none, as lists that were never applied
 * may: such a list can only be looked at as a whole.
 */
export function itemsByElement(type: ListType, items: readonly Json[]): Map<string, Json> | undefined {
  const found = new Map<string, Json>();
  for (const item of items) {
    const element = elementOf(type, item);
    if (element === undefined || found.has(element)) return undefined;
    found.set(element, item);
  }
  return found;
}
