// Server-side apply, decided purely: the object and its owners after a manager has applied a configuration, or the
// conflicts with what others own. https://kubernetes.io/docs/reference/using-api/server-side-apply/
import { type JsonObject, jsonEqual } from '../schema/json.ts';
import type { ApplyType } from './apply-type.ts';
import { compareFields } from './compare-fields.ts';
import { type FieldConflict, FieldConflicts } from './field-conflicts.ts';
import { EMPTY_SET, type FieldSet, intersection, isEmptySet, union } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { type FieldOwner, type FieldOwners, type FieldWriter, ownerKey } from './managed-fields.ts';
import { mergeConfig } from './merge-config.ts';
import { pruneFields } from './prune-fields.ts';
import { ownedChanges, withoutChanged } from './track-update.ts';
import { withoutUnowned } from './unowned-fields.ts';

export interface Application {
  type: ApplyType;
  live: JsonObject;
  /** Only what the manager wants to own. */
  config: JsonObject;
  owners: FieldOwners;
  writer: FieldWriter;
  apiVersion: string;
  /** Take what others own. */
  force: boolean;
  /** Fields that may be taken from others without force. */
  allowed?: FieldSet;
  /** RFC 3339. */
  now: string;
}

export interface Applied {
  object: JsonObject;
  owners: FieldOwners;
}

/** What an object's fields are owned by when it was never tracked, from its first apply on. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/** @throws FieldConflicts; StatusError BadRequest for a configuration that cannot be merged. */
export function applyConfig(application: Application): Applied {
  const { type, live, config, writer, apiVersion, now } = application;
  const owners = application.owners.size > 0 ? application.owners : untracked(application);
  const key = ownerKey(writer, apiVersion);
  const last = owners.get(key);
  const fields = withoutUnowned(fieldsOf(type, config));
  const claimed = new Map(owners).set(key, { ...writer, apiVersion, time: now, fields });
  const merged = mergeConfig(type, live, config);
  const object = last ? pruneFields(type, merged, last.fields, ownedByAnybody(claimed)) : merged;
  const changes = ownedChanges(compareFields(type, live, object));
  const conflicts = conflictsOf(owners, key, union(changes.added, changes.modified));
  refuseConflicts(application, conflicts);
  const next = withoutChanged(claimed, key, changes);
  const isSame = jsonEqual(live, object) && jsonEqual(last?.fields, fields);
  if (isSame && last) next.set(key, { ...last, apiVersion });
  return { object, owners: next };
}

function untracked({ type, live, apiVersion }: Application): FieldOwners {
  const fields = withoutUnowned(fieldsOf(type, live));
  const owner: FieldOwner = {
    manager: BEFORE_FIRST_APPLY,
    operation: 'Update',
    apiVersion,
    time: undefined,
    fields,
  };
  return isEmptySet(fields) ? new Map() : new Map([[ownerKey(owner, apiVersion), owner]]);
}

const ownedByAnybody = (owners: FieldOwners): FieldSet =>
  [...owners.values()].map((owner) => owner.fields).reduce(union, EMPTY_SET);

function conflictsOf(owners: FieldOwners, key: string, changed: FieldSet): FieldConflict[] {
  return [...owners].flatMap(([other, owner]) => {
    const fields = other === key ? EMPTY_SET : intersection(owner.fields, changed);
    return isEmptySet(fields) ? [] : [{ owner, fields }];
  });
}

function refuseConflicts({ force, allowed }: Application, conflicts: readonly FieldConflict[]): void {
  if (force) return;
  const error = new FieldConflicts(conflicts).without(allowed ?? EMPTY_SET);
  if (!error.isEmpty) throw error.toStatusError();
}
