// metadata.managedFields: who owns what, as it stands in an object and as the server works with it.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
import type { Json } from '../schema/json.ts';
import { type FieldSet, isEmptySet, isFieldSet, union } from './field-set.ts';

/** Who writes. */
export interface FieldWriter {
  /** At most 128 characters. */
  manager: string;
  operation: 'Apply' | 'Update';
  subresource?: string | undefined;
}

export interface FieldOwner extends FieldWriter {
  apiVersion: string;
  /** RFC 3339; `undefined` when nobody knows. */
  time: string | undefined;
  fields: FieldSet;
}

/** By {@link ownerKey}. */
export type FieldOwners = ReadonlyMap<string, FieldOwner>;

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: FieldSet;
  subresource?: string;
}

/** One who applies is the same in every version; one who updates is told apart by it, as upstream does. */
export const ownerKey = ({ manager, operation, subresource }: FieldWriter, apiVersion: string): string =>
  JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource ?? '']);

/** What a client sends to have the record cleared: one entry that says nothing. */
export const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries?.length === 1 && Object.keys(entries[0] ?? {}).length === 0;

/** `undefined` when an entry cannot be read. */
export function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): FieldOwners | undefined {
  const owners = new Map<string, FieldOwner>();
  for (const entry of entries ?? []) {
    const owner = readOwner(entry);
    if (!owner) return undefined;
    owners.set(ownerKey(owner, owner.apiVersion), owner);
  }
  return owners;
}

function readOwner(entry: ManagedFieldsEntry): FieldOwner | undefined {
  const { manager = '', operation, apiVersion, time, fieldsType, fieldsV1 = {}, subresource } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (!apiVersion || (fieldsType ?? 'FieldsV1') !== 'FieldsV1' || !isFieldSet(fieldsV1)) return undefined;
  return { manager, operation, apiVersion, time, fields: fieldsV1, subresource };
}

/** As upstream: beyond this many, the oldest who updated become one. */
const MAX_UPDATE_OWNERS = 10;
const OLDEST = 'ancient-changes';

/** In upstream's order; owners of nothing are left out. `undefined` when none is left. */
export function writeOwners(owners: FieldOwners): ManagedFieldsEntry[] | undefined {
  const all = capped([...owners.values()].filter((owner) => !isEmptySet(owner.fields)));
  return all.length === 0 ? undefined : all.sort(inOrder).map(writeOwner);
}

function writeOwner({ manager, operation, apiVersion, time, fields, subresource }: FieldOwner) {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource ? { subresource } : {}),
  };
}

function capped(owners: FieldOwner[]): FieldOwner[] {
  const updaters = owners.filter((owner) => owner.operation === 'Update').sort(inOrder);
  const tooMany = updaters.slice(0, Math.max(0, updaters.length - MAX_UPDATE_OWNERS + 1));
  const newest = tooMany.at(-1);
  if (!newest || tooMany.length < 2) return owners;
  const fields = tooMany.map((owner) => owner.fields).reduce(union);
  const joined: FieldOwner = { ...newest, manager: OLDEST, subresource: undefined, fields };
  return [...owners.filter((owner) => !tooMany.includes(owner)), joined];
}

const inOrder = (a: FieldOwner, b: FieldOwner): number =>
  compareTexts(a.operation, b.operation) ||
  compareTexts(a.time ?? '', b.time ?? '') ||
  compareTexts(a.manager, b.manager) ||
  compareTexts(a.apiVersion, b.apiVersion) ||
  compareTexts(a.subresource ?? '', b.subresource ?? '');

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The entries of any object; whether they can be read is for {@link readOwners} to say. */
export function managedFieldsOf(metadata: unknown): ManagedFieldsEntry[] | undefined {
  const entries = (metadata as { managedFields?: Json | undefined }).managedFields;
  return Array.isArray(entries) ? (entries as ManagedFieldsEntry[]) : undefined;
}
