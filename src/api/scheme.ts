// The shape of one row of the scheme table: all that generic code (registry, CLI, informers) knows of a kind.
import type { KubeObject } from './objects.ts';
import type { OwnSchema } from './schema/schema.ts';
import type { FieldError } from './status-error.ts';

/** One column of a `Table`; priority 0 is shown always, above 0 only with `-o wide`. */
export interface Column<T extends KubeObject = KubeObject> {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'date-time';
  priority: 0 | 1;
  description: string;
  /** `nowMs` serves columns that show an age. */
  /** `null` where there is nothing to show; clients print `<none>`. */
  value(object: T, nowMs: number): string | number | boolean | null;
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

/** A further version in which a kind's objects are served; the stored objects stay one. */
export interface ServedVersion {
  /** The kind's own group unless said. */
  group?: string;
  version: string;
  /** A new object in this version's form; only `apiVersion` differs unless said. Never changes its argument. */
  fromStored?(object: KubeObject): KubeObject;
  /** The opposite; the registry sets apiVersion. Never changes its argument. */
  toStored?(object: KubeObject): KubeObject;
  /** As in KindDefinition. */
  deprecation?: string;
  /** Read from the stored form; the kind's own unless said. */
  selectableFields?: Readonly<Record<string, FieldGetter<never>>>;
}

/** What makes a KindDefinition a view of the objects of another one. */
export interface KindView {
  of: KindDefinition;
  fromStored(object: KubeObject): KubeObject;
  /** `previous` is the object of this version that is changed. */
  toStored(object: KubeObject, previous?: KubeObject): KubeObject;
  /** Last look at an object as it would be stored, beside the one that is; throws a StatusError to refuse. */
  check?(next: KubeObject, previous: KubeObject | undefined): void;
  /**
   * Where toStored completes and checks an object: the conversion of one that is applied, which says only what its
   * manager wants to own. What comes of it goes through toStored.
   */
  draft?(object: KubeObject): KubeObject;
}

/** Whom a request acts as. */
export interface Author {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

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
  /**
   * Whether a write (of the status, where the kind has one) changes only what the next one will change again and what
   * need not outlive a power cut: then it stays off the disk, and the watch history keeps only the last.
   */
  isMoving?(next: T, previous: T): boolean;
  /** Never stored: made whenever somebody asks, such as from what boards report. get and list only. */
  measured?: boolean;
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
  /** What an object may have later, but not from the start. */
  validateCreate?(object: T): FieldError[];
  /** What may not change, and what may change only so. */
  /** `subresource` where it is not the object itself that is written. */
  validateUpdate?(next: T, previous: T, subresource?: string): FieldError[];
  /** Writes into a new object who asks for it. */
  setAuthor?(object: T, author: Author): void;
  /** What whoever has written such an object is told, each as a Warning header; gets the stored object. */
  warnings?(object: T): string[];
  /** What whoever asks for such objects, even to read them, is told as a Warning header. */
  deprecation?: string;
  /** Why no such object may be created any more: its definition is being deleted. */
  closed?: string;
  /** Versions beside this one, which is the stored and the preferred one. */
  servedVersions?: readonly ServedVersion[];
  /** Set on such a version: verbs go to the stored kind, objects are converted on the way. */
  view?: KindView;
  /** The schema of a kind that the table does not hold: a custom one. */
  ownSchema?: OwnSchema;
  /** Which name rule holds; `subdomain` unless said. */
  nameRule?: 'subdomain' | 'label' | 'service' | 'pathSegment';
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(kind: Pick<KindDefinition, 'group' | 'version'>): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** `apps` of `apps/v1`; empty, the core group, of `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));
}

/** `pods` or `deployments.apps`, as upstream's messages have it. */
export function groupResourceOf({ group, plural }: Pick<KindDefinition, 'group' | 'plural'>): string {
  return group ? `${plural}.${group}` : plural;
}
