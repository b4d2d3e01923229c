// The only writer to the store: every verb for every kind of the scheme. Objects that come out are shared with
// the store; objects that go in are private copies and may be changed.

import { withCondition } from '../../api/conditions.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { core, KubeObject, Pod } from '../../api/objects.ts';
import { splitKey } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { conflict, expired, notFound, StatusError } from '../../api/status-error.ts';
import { type CreateOptions, createObject } from './create.ts';
import { type DeleteResult, deleteObject, type ServerDeleteOptions } from './delete.ts';
import { storeKey, storePrefix } from './keys.ts';
import { type ListResult, listObjects, type ServerListOptions } from './list.ts';
import { resourceSubject, type Writable } from './prepare.ts';
import type { RegistryContext } from './registry-context.ts';
import { Selection } from './selection.ts';
import { type Change, type UpdateOptions, updateObject } from './update.ts';
import { WatchStream } from './watch-stream.ts';

export interface ServerWatchOptions
  extends Pick<ServerListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
  resourceVersion?: string | undefined;
  /** All there is first, then live, whatever the resourceVersion. */
  sendInitialEvents?: boolean;
}

export class Registry {
  readonly #context: RegistryContext;

  constructor(context: RegistryContext) {
    this.#context = context;
  }

  /** Latest revision that readers can see. */
  get revision(): number {
    return this.#context.store.revision;
  }

  /** `key` is `namespace/name`, or `name`. @throws StatusError NotFound */
  get<T extends KubeObject>(kind: KindDefinition<T>, key: string): T {
    const found = this.find(kind, key);
    if (!found) throw notFound(resourceSubject(kind as KindDefinition, splitKey(key).name));
    return found;
  }

  find<T extends KubeObject>(kind: KindDefinition<T>, key: string): T | undefined {
    const { namespace, name } = splitKey(key);
    return this.#context.store.get(storeKey(kind, namespace, name))?.value as T | undefined;
  }

  list(kind: KindDefinition, options: ServerListOptions = {}): ListResult {
    checkKnown(options.resourceVersion, this.revision);
    return listObjects(this.#context.store, kind, options);
  }

  /** @throws StatusError Expired when the revision is out of reach: list again. */
  watch(kind: KindDefinition, options: ServerWatchOptions): WatchStream {
    const { store } = this.#context;
    const selection = new Selection(kind, options);
    const prefix = storePrefix(kind, options.namespace);
    const after = Number(options.resourceVersion || 0);
    if (after > store.revision) {
      throw expired(`resourceVersion ${after} is newer than this cluster's ${store.revision}: list again`);
    }
    const fresh = after === 0 || options.sendInitialEvents === true;
    const initial = fresh ? store.list(prefix).filter((entry) => selection.matches(entry.value)) : [];
    const stream = new WatchStream(
      selection,
      initial.map((entry) => ({ type: 'ADDED', object: entry.value })),
    );
    return stream.open((onEvents) => store.watch(prefix, fresh ? store.revision : after, onEvents));
  }

  create(kind: KindDefinition, object: KubeObject, options: CreateOptions = {}): Promise<KubeObject> {
    return createObject(this.#context, kind, object, options);
  }

  update(
    kind: KindDefinition,
    key: string,
    change: Change,
    options: UpdateOptions = {},
  ): Promise<KubeObject> {
    const { namespace, name } = splitKey(key);
    return updateObject(this.#context, kind, namespace, name, change, options);
  }

  delete(kind: KindDefinition, key: string, options: ServerDeleteOptions = {}): Promise<DeleteResult> {
    const { namespace, name } = splitKey(key);
    return deleteObject(this.#context, kind, namespace, name, options);
  }

  /** Gives a pod to a node. @throws StatusError Conflict when it has one or is being deleted. */
  async bind(podKey: string, target: Pick<core.ObjectReference, 'name'>, uid?: string): Promise<void> {
    const change = (current: KubeObject) =>
      bound(structuredClone(current) as Writable<Pod>, target.name ?? '', uid, this.#now());
    await this.update(pods as KindDefinition, podKey, change, { scope: 'binding' });
  }

  #now(): number {
    return this.#context.clock.now();
  }
}

function bound(pod: Writable<Pod>, nodeName: string, uid: string | undefined, nowMs: number): Pod {
  const subject = { group: '', kind: 'pods/binding', name: pod.metadata.name };
  if (uid && uid !== pod.metadata.uid) {
    throw conflict(
      subject,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`,
    );
  }
  if (pod.metadata.deletionTimestamp) {
    throw conflict(subject, `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName) {
    throw conflict(subject, `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`);
  }
  pod.spec.nodeName = nodeName;
  const scheduled = { type: 'PodScheduled', status: 'True' } as const;
  pod.status = { ...pod.status, conditions: withCondition(pod.status?.conditions, scheduled, nowMs) };
  return pod;
}

/** @throws StatusError BadRequest for what is no revision, Timeout for one that is not here yet. */
function checkKnown(resourceVersion: string | undefined, newest: number): void {
  if (!resourceVersion || Number(resourceVersion) <= newest) return;
  throw new StatusError(
    504,
    'Timeout',
    `Too large resource version: ${resourceVersion}, current: ${newest}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  );
}
