// Which fields a write added, changed and removed.
// Source: structured-merge-diff, typed/compare.go.
import { isJsonObject, type Json, type JsonObject, jsonEqual, ownValue } from '../schema/json.ts';
import { type ApplyType, fieldOf, resolved } from './apply-type.ts';
import { EMPTY_SET, type FieldSet, nodeOf } from './field-set.ts';
import { itemsByElement, itemType } from './list-items.ts';

export interface FieldChanges {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

interface Changed {
  added: FieldSet | undefined;
  modified: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const NOTHING: Changed = { added: undefined, modified: undefined, removed: undefined };

export function compareFields(type: ApplyType, before: JsonObject, after: JsonObject): FieldChanges {
  const { added, modified, removed } = changesIn(type, before, after);
  return { added: added ?? EMPTY_SET, modified: modified ?? EMPTY_SET, removed: removed ?? EMPTY_SET };
}

function changesIn(type: ApplyType, before: Json | undefined, after: Json | undefined): Changed {
  if (before === after) return NOTHING;
  const actual = resolved(type, before, after);
  if (actual.shape === 'leaf' || (isNothing(before) && isNothing(after))) return leafChange(before, after);
  const children =
    actual.shape === 'set' || actual.shape === 'keyed'
      ? itemChanges(actual, before as Json[] | undefined, after as Json[] | undefined)
      : fieldChanges(actual, before as JsonObject | undefined, after as JsonObject | undefined);
  if (!children) return leafChange(before, after);
  const isThere = before !== undefined && after !== undefined;
  return isThere && children.length === 0 ? NOTHING : joined(children, actual, before, after);
}

function leafChange(before: Json | undefined, after: Json | undefined): Changed {
  if (before === undefined) return { ...NOTHING, added: EMPTY_SET };
  if (after === undefined) return { ...NOTHING, removed: EMPTY_SET };
  return jsonEqual(before, after) ? NOTHING : { ...NOTHING, modified: EMPTY_SET };
}

type Children = [string, Changed][];

/** Only of what changed: most of an object stays as it is with most writes. */
function fieldChanges(type: ApplyType, before: JsonObject = {}, after: JsonObject = {}): Children {
  const children: Children = [];
  const add = (name: string) => {
    const changed = changesIn(fieldOf(type, name), ownValue(before, name), ownValue(after, name));
    if (changed !== NOTHING) children.push([`f:${name}`, changed]);
  };
  for (const name of Object.keys(after)) add(name);
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) add(name);
  return children;
}

function itemChanges(
  type: Extract<ApplyType, { shape: 'set' | 'keyed' }>,
  before: Json[] = [],
  after: Json[] = [],
): Children | undefined {
  const old = itemsByElement(type, before);
  const next = itemsByElement(type, after);
  if (!old || !next) return undefined;
  const children: Children = [];
  for (const element of new Set([...old.keys(), ...next.keys()])) {
    const changed = changesIn(itemType(type), old.get(element), next.get(element));
    const item = asItem(changed, old, next, element);
    if (item !== NOTHING) children.push([element, item]);
  }
  return children;
}

/** An item that came or went did so itself, beside its fields. */
function asItem(changed: Changed, old: Map<string, Json>, next: Map<string, Json>, element: string): Changed {
  const withSelf = (node: FieldSet | undefined) => nodeOf(true, Object.entries(node ?? {}));
  if (!old.has(element)) return { ...changed, added: withSelf(changed.added) };
  return next.has(element) ? changed : { ...changed, removed: withSelf(changed.removed) };
}

/**
 * An owned object that appears is itself added only where it is a map or a list: in Go most structs are always
 * there.
 */
function joined(
  children: Children,
  type: ApplyType,
  before: Json | undefined,
  after: Json | undefined,
): Changed {
  const part = (name: keyof Changed, member: boolean) => {
    const changed: [string, FieldSet][] = [];
    for (const [element, change] of children) if (change[name]) changed.push([element, change[name]]);
    return nodeOf(member, changed);
  };
  return {
    added: part('added', before === undefined && type.shape !== 'struct'),
    modified: part('modified', false),
    removed: part('removed', after === undefined),
  };
}

function isNothing(value: Json | undefined): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}
