// What a strategic merge patch must know of a field and of the items of its list.
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
import { isJsonObject, type Json, ownValue } from './schema/json.ts';
import type { KindRef, Schema } from './schema/schema.ts';
import type { FieldType } from './schema/table.ts';
import { badRequest, StatusError } from './status-error.ts';

export interface PatchField {
  /** Of the object, or of each item of the list; `undefined` where the schema knows no more. */
  readonly type: FieldType | undefined;
  readonly mergesObjects: boolean;
  readonly mergesLists: boolean;
  /** Identifies the items of a merging list of objects. */
  readonly mergeKey: string | undefined;
  /** Tell items apart that share the merge key, as Service ports of one number and two protocols do. */
  readonly identityKeys: readonly string[];
  readonly retainKeys: boolean;
}

const PLAIN: PatchField = {
  type: undefined,
  mergesObjects: true,
  mergesLists: false,
  mergeKey: undefined,
  identityKeys: [],
  retainKeys: false,
};

export const rootType = (schema: Schema, kind: KindRef): FieldType => ({
  shape: 'message',
  message: schema.messageOf(kind).name,
});

/** How the field `key` of an object of `owner` type is patched; fields that nobody knows are plain JSON. */
export function patchField(schema: Schema, owner: FieldType | undefined, key: string): PatchField {
  if (owner?.shape === 'map') return { ...PLAIN, type: owner.of };
  if (owner?.shape !== 'message') return PLAIN;
  const spec = schema.message(owner.message).fields.get(key);
  if (!spec) return PLAIN;
  const merges = spec.patchStrategy === 'merge';
  return {
    type: spec.type.shape === 'list' ? spec.type.of : spec.type,
    mergesObjects: merges,
    mergesLists: merges && spec.type.shape === 'list',
    mergeKey: spec.mergeKey,
    identityKeys: spec.listMapKeys,
    retainKeys: spec.retainKeys,
  };
}

/** 422: the patch is well formed and cannot be applied to this object. */
export const cannotApply = (message: string) => new StatusError(422, 'Invalid', message);

/** The value of the merge key, which must be there. */
export function mergeKeyOf(item: Json, key: string, list: string): Json {
  const value = isJsonObject(item) ? ownValue(item, key) : undefined;
  if (value !== undefined && value !== null) return value;
  throw badRequest(`an item of "${list}" does not contain the merge key "${key}" that identifies it`);
}

/** Whether the items are objects; a list that mixes kinds of items has no identity to merge by. */
export function holdsObjects(list: string, ...lists: readonly (readonly Json[])[]): boolean {
  const items = lists.flat();
  if (items.some(Array.isArray)) throw cannotApply(`"${list}" holds lists: lists of lists cannot be merged`);
  const objects = items.filter(isJsonObject).length;
  if (objects > 0 && objects < items.length) throw cannotApply(`"${list}" mixes objects and other values`);
  return objects > 0;
}
