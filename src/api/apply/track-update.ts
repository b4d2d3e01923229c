// Ownership after a write of any kind but apply: who writes owns what it added or changed, and others lose that.
// Source: structured-merge-diff, merge/update.go (Updater.Update).
import { type JsonObject, jsonEqual } from '../schema/json.ts';
import type { ApplyType } from './apply-type.ts';
import { compareFields, type FieldChanges } from './compare-fields.ts';
import { difference, EMPTY_SET, isEmptySet, union } from './field-set.ts';
import { type FieldOwner, type FieldOwners, type FieldWriter, ownerKey } from './managed-fields.ts';
import { withoutUnowned } from './unowned-fields.ts';

export interface TrackedUpdate {
  type: ApplyType;
  before: JsonObject;
  after: JsonObject;
  owners: FieldOwners;
  writer: FieldWriter;
  apiVersion: string;
  /** RFC 3339. */
  now: string;
}

export function trackUpdate({ type, before, after, owners, writer, apiVersion, now }: TrackedUpdate) {
  const changes = ownedChanges(compareFields(type, before, after));
  const key = ownerKey(writer, apiVersion);
  const next = new Map(withoutChanged(owners, key, changes));
  const known = owners.get(key);
  const fields = union(
    difference(known?.fields ?? EMPTY_SET, changes.removed),
    union(changes.added, changes.modified),
  );
  const isChanged = !isNoChange(changes) || !jsonEqual(fields, known?.fields);
  const time = isChanged ? now : known?.time;
  if (isEmptySet(fields)) next.delete(key);
  else next.set(key, { ...writer, apiVersion, time, fields });
  return next;
}

export function ownedChanges({ added, modified, removed }: FieldChanges): FieldChanges {
  return {
    added: withoutUnowned(added),
    modified: withoutUnowned(modified),
    removed: withoutUnowned(removed),
  };
}

const isNoChange = ({ added, modified, removed }: FieldChanges) =>
  isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed);

/** Everybody but `key` loses what changed or is gone. */
export function withoutChanged(
  owners: FieldOwners,
  key: string,
  { added, modified, removed }: FieldChanges,
): Map<string, FieldOwner> {
  const lost = union(removed, union(added, modified));
  const next = new Map<string, FieldOwner>();
  for (const [other, owner] of owners) {
    const fields = other === key ? owner.fields : difference(owner.fields, lost);
    if (!isEmptySet(fields)) next.set(other, { ...owner, fields });
  }
  return next;
}
