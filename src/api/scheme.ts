// The shape of one row of the scheme table: all that generic code (registry, CLI, informers) knows of a kind.
import type { KubeObject } from './objects.ts';
import type { FieldError } from './status-error.ts';

/** One column of a `Table`; priority 0 is shown always, above 0 only with `-o wide`. */
export interface Column<T extends KubeObject = KubeObject> {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date';
  priority: 0 | 1;
  description: string;
  /** `nowMs` serves columns that show an age. */
  value(object: T, nowMs: number): string | number | boolean;
}

/** Field paths of the scale subresource, as in CustomResourceDefinition. */
export interface ScalePaths {
  specReplicas(object: KubeObject): number;
  setSpecReplicas(object: KubeObject, replicas: number): void;
  statusReplicas(object: KubeObject): number;
  /** The label selector as a string, such as `app=web`. */
  selector(object: KubeObject): string;
}

/** Reads one selectable field. Declared as a method so that a table of all kinds can hold every kind's getters. */
type FieldGetter<T> = { get(object: T): string }['get'];

export interface KindDefinition<T extends KubeObject = KubeObject> {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  columns: readonly Column<T>[];
  /** Main writes leave `.status` alone and status writes leave the rest alone. */
  hasStatus: boolean;
  scale?: ScalePaths;
  /** Kept in memory only: never on disk, gone with the process (Event). */
  volatile?: boolean;
  /** Age in milliseconds after which the server removes an object by itself (Event: one hour). */
  timeToLiveMs?: number;
  /** What a DELETE without propagationPolicy does to dependents; `Background` unless said. */
  defaultPropagation?: 'Orphan' | 'Background';
  /** Fields that a field selector may name, beside metadata.name and metadata.namespace. */
  selectableFields?: Readonly<Record<string, FieldGetter<T>>>;
  /** Fills in what upstream defaults. Called on a private copy, before validation. */
  setDefaults?(object: T): void;
  /** Name rule and metadata are checked for every kind elsewhere; this adds the kind's own. */
  validate?(object: T): FieldError[];
  /** What may not change, and what may change only so. */
  validateUpdate?(next: T, previous: T): FieldError[];
  /** Which name rule holds; `subdomain` unless said. */
  nameRule?: 'subdomain' | 'label' | 'service';
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(kind: Pick<KindDefinition, 'group' | 'version'>): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}
