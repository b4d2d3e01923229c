// Which fields an applied configuration claims: all that it says, in the kind's own units.
// Source: structured-merge-diff, typed/tofieldset.go.
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import { type ApplyType, fieldOf, resolved } from './apply-type.ts';
import { asMember, EMPTY_SET, type FieldSet, nodeOf } from './field-set.ts';
import { elementOf, itemType } from './list-items.ts';

export function fieldsOf(type: ApplyType, value: JsonObject): FieldSet {
  return fieldsIn(type, value) ?? EMPTY_SET;
}

/** `undefined` for a list or object in which there is nothing to own. */
function fieldsIn(type: ApplyType, value: Json): FieldSet | undefined {
  const actual = resolved(type, value);
  if (actual.shape === 'set' || actual.shape === 'keyed') return itemFields(actual, value as Json[]);
  if (actual.shape === 'leaf' || !isJsonObject(value)) return EMPTY_SET;
  const children: [string, FieldSet][] = [];
  for (const [name, content] of Object.entries(value)) {
    const node = fieldsIn(fieldOf(actual, name), content);
    const owned = actual.shape === 'map' || isEmptyObject(content) ? asMember(node) : node;
    if (owned) children.push([`f:${name}`, owned]);
  }
  return nodeOf(false, children);
}

function itemFields(
  type: Extract<ApplyType, { shape: 'set' | 'keyed' }>,
  items: readonly Json[],
): FieldSet | undefined {
  const children: [string, FieldSet][] = [];
  for (const item of items) {
    const element = elementOf(type, item);
    // An item without its keys cannot be told apart: nobody can own it.
    if (element !== undefined) children.push([element, asMember(fieldsIn(itemType(type), item))]);
  }
  return nodeOf(false, children);
}

const isEmptyObject = (value: Json): boolean => isJsonObject(value) && Object.keys(value).length === 0;
