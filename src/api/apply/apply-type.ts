// How server-side apply sees a kind: which fields are owned one by one and which as a whole. Made from the schema
// table, step by step as fields are asked for.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
import type { Json } from '../schema/json.ts';
import { isJsonObject } from '../schema/json.ts';
import type { KindRef, Schema } from '../schema/schema.ts';
import type { FieldSpec, FieldType } from '../schema/table.ts';
import { openApiType } from './open-api-type.ts';

export type ApplyType =
  /** A scalar, or a list or map that is owned as a whole. */
  | { readonly shape: 'leaf' }
  /** By its value: objects key by key, everything else as a whole. */
  | { readonly shape: 'deduced' }
  | { readonly shape: 'struct'; field(name: string): ApplyType }
  | { readonly shape: 'map'; readonly of: ApplyType }
  | { readonly shape: 'set' }
  /** A list whose items are told apart by some of their fields. */
  | { readonly shape: 'keyed'; readonly keys: readonly string[]; readonly of: ApplyType };

export const LEAF: ApplyType = { shape: 'leaf' };
export const DEDUCED: ApplyType = { shape: 'deduced' };
const DEDUCED_MAP: ApplyType = { shape: 'map', of: DEDUCED };

export function applyTypeOf(schema: Schema, kind: KindRef): ApplyType {
  if (!kind.ownSchema) return structOf(schema, schema.messageOf(kind).name);
  const metadata = structOf(schema, 'meta/v1.ObjectMeta');
  const own = openApiType(kind.ownSchema.openApi());
  return { shape: 'struct', field: (name) => (name === 'metadata' ? metadata : fieldOf(own, name)) };
}

/** Type of a field or of a map's value; what a type does not know counts as a whole. */
export function fieldOf(type: ApplyType, name: string): ApplyType {
  if (type.shape === 'struct') return type.field(name);
  if (type.shape === 'map') return type.of;
  return type.shape === 'deduced' ? DEDUCED : LEAF;
}

/** The type as it holds for these values: one that the values do not fit counts as a whole. */
export function resolved(type: ApplyType, ...values: readonly (Json | undefined)[]): ApplyType {
  if (type.shape === 'leaf') return LEAF;
  const fits = type.shape === 'set' || type.shape === 'keyed' ? Array.isArray : isJsonObject;
  for (const value of values) if (value !== undefined && !fits(value)) return LEAF;
  return type.shape === 'deduced' ? DEDUCED_MAP : type;
}

function structOf(schema: Schema, message: string): ApplyType {
  const fields = new Map<string, ApplyType>();
  return {
    shape: 'struct',
    field(name) {
      let type = fields.get(name);
      if (!type) {
        const spec = schema.message(message).fields.get(name);
        type = spec ? specType(schema, spec) : LEAF;
        fields.set(name, type);
      }
      return type;
    },
  };
}

function specType(schema: Schema, spec: FieldSpec): ApplyType {
  const { type, listType, listMapKeys } = spec;
  if (spec.atomicMap) return LEAF;
  if (type.shape !== 'list') return typeOf(schema, type);
  if (listType === 'set') return { shape: 'set' };
  if (listType !== 'map') return LEAF;
  return { shape: 'keyed', keys: listMapKeys.toSorted(), of: typeOf(schema, type.of) };
}

/** Messages that upstream marks as owned as a whole, wherever they stand (`+structType=atomic`). */
const ATOMIC_MESSAGES: ReadonlySet<string> = new Set([
  'autoscaling/v1.CrossVersionObjectReference',
  'core/v1.ConfigMapKeySelector',
  'core/v1.EndpointAddress',
  'core/v1.EndpointPort',
  'core/v1.FileKeySelector',
  'core/v1.LocalObjectReference',
  'core/v1.NodeSelector',
  'core/v1.NodeSelectorTerm',
  'core/v1.ObjectFieldSelector',
  'core/v1.ObjectReference',
  'core/v1.ResourceFieldSelector',
  'core/v1.ScopeSelector',
  'core/v1.SecretKeySelector',
  'core/v1.SecretReference',
  'core/v1.TopologySelectorTerm',
  'core/v1.TypedLocalObjectReference',
  'discovery/v1.EndpointPort',
  'meta/v1.LabelSelector',
  'meta/v1.OwnerReference',
  'networking/v1.ServiceBackendPort',
  'rbac/v1.RoleRef',
  'rbac/v1.Subject',
]);

function typeOf(schema: Schema, type: FieldType): ApplyType {
  if (type.shape === 'message') {
    return ATOMIC_MESSAGES.has(type.message) ? LEAF : structOf(schema, type.message);
  }
  if (type.shape === 'map') return { shape: 'map', of: typeOf(schema, type.of) };
  return LEAF;
}
