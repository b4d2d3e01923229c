// The one door to the API for everything that is not the API server: the in-process client (the registry
// itself) and the HTTP client both satisfy it, and one contract suite runs against both.
import type { KubeObject, Namespace } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface WatchOptions extends ListOptions {
  /** Strictly after this revision; `undefined` or `'0'` = synthetic ADDED for all there is, then live. */
  resourceVersion?: string;
  /** Ends the watch; the iterator then finishes without an error. */
  signal: AbortSignal;
}

export interface ObjectList<T extends KubeObject> {
  resourceVersion: string;
  items: T[];
}

export interface WatchEvent<T extends KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

export type Patch =
  | { type: 'json'; body: readonly unknown[] }
  | { type: 'merge' | 'strategic'; body: object };

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** What a caller gives to create: the server fills in the rest of the metadata. */
export type NewObject<T extends KubeObject> = Omit<T, 'metadata'> & {
  metadata: Partial<T['metadata']> & ({ name: string } | { generateName: string });
};

/**
 * Every method rejects with a StatusError. Objects that come back may be shared with the server's memory:
 * never change one, copy it first (`structuredClone`).
 */
export interface Client {
  get<T extends KubeObject>(kind: KindDefinition<T>, key: string): Promise<T>;
  list<T extends KubeObject>(kind: KindDefinition<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Rejects or throws `Expired` when the revision is no longer in the history: list again. */
  watch<T extends KubeObject>(kind: KindDefinition<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(kind: KindDefinition<T>, object: NewObject<T>): Promise<T>;
  /** `metadata.resourceVersion`, where given, must still be the stored one. */
  update<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T>;
  updateStatus<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T>;
  patch<T extends KubeObject>(
    kind: KindDefinition<T>,
    key: string,
    patch: Patch,
    subresource?: 'status' | 'scale' | 'resize',
  ): Promise<T>;
  delete(kind: KindDefinition, key: string, options?: DeleteOptions): Promise<void>;
  /** PUT namespaces/NAME/finalize: the only write that changes `spec.finalizers`; the last one removed deletes. */
  finalizeNamespace(namespace: Namespace): Promise<void>;
  /** POST pods/NAME/binding: gives the pod to the node; Conflict when it already has one. */
  bind(podKey: string, nodeName: string): Promise<void>;
}
