// The only writer to the store: every verb for every kind of the scheme. Objects that come out are shared with
// the store; objects that go in are private copies and may be changed.

import { observing, withCondition } from '../../api/conditions.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { core, KubeObject, Pod } from '../../api/objects.ts';
import { splitKey } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { fromStored, storedKind, toStored } from '../../api/served-versions.ts';
import { conflict, expired, methodNotAllowed, notFound, StatusError } from '../../api/status-error.ts';
import type { Warn } from '../admission/admission.ts';
import { findMeasured, listMeasured } from '../measured/list-measured.ts';
import type { ApplyOptions, ApplyResult } from './apply.ts';
import { type CreateOptions, createObject, type WriteGuard } from './create.ts';
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
    const generic = kind as unknown as KindDefinition;
    if (kind.measured) return findMeasured(this.#context, generic, key) as T | undefined;
    const value = this.#context.store.get(storeKey(storedKind(generic), namespace, name))?.value;
    return value && (fromStored(generic, value) as T);
  }

  list(kind: KindDefinition, options: ServerListOptions = {}): ListResult {
    checkKnown(options.resourceVersion, this.revision);
    if (kind.measured) return listMeasured(this.#context, kind, options);
    const { store, clock } = this.#context;
    const list = listObjects(store, kind, options, clock.now());
    return kind.view ? { ...list, items: list.items.map((item) => fromStored(kind, item)) } : list;
  }

  /** @throws StatusError Expired when the revision is out of reach: list again. */
  watch(kind: KindDefinition, options: ServerWatchOptions): WatchStream {
    if (kind.measured) throw readOnly();
    const { store } = this.#context;
    const selection = new Selection(kind, options);
    const prefix = storePrefix(storedKind(kind), options.namespace);
    const after = Number(options.resourceVersion || 0);
    if (after > store.revision) {
      throw expired(`resourceVersion ${after} is newer than this cluster's ${store.revision}: list again`);
    }
    const fresh = after === 0 || options.sendInitialEvents === true;
    const initial = fresh ? store.list(prefix).filter((entry) => selection.matches(entry.value)) : [];
    const stream = new WatchStream(
      selection,
      initial.map((entry) => ({ type: 'ADDED', object: fromStored(kind, entry.value) })),
      (object) => fromStored(kind, object),
    );
    return stream.open((onEvents) => store.watch(prefix, fresh ? store.revision : after, onEvents));
  }

  async create(kind: KindDefinition, object: KubeObject, options: CreateOptions = {}): Promise<KubeObject> {
    if (kind.measured) throw readOnly();
    if (kind.closed) throw methodNotAllowed(kind.closed);
    const wanted = toStored(kind, object);
    const guarded = withCheck(kind, options);
    const created = await this.#writing(() => createObject(this.#context, storedKind(kind), wanted, guarded));
    tellWarnings(kind, created, options.warn);
    return fromStored(kind, created);
  }

  /** `config` says only what its manager wants to own. */
  async apply(kind: KindDefinition, config: KubeObject, options: ApplyOptions): Promise<ApplyResult> {
    const { applyObject } = await import('./apply.ts');
    const draft = kind.view?.draft;
    const wanted = draft ? draft(config) : toStored(kind, config);
    const complete =
      draft &&
      ((object: KubeObject, stored?: KubeObject) =>
        toStored(kind, object, stored && fromStored(kind, stored)));
    const completed = { ...withCheck(kind, options), complete };
    const { object, created } = await this.#writing(() =>
      applyObject(this.#context, storedKind(kind), wanted, completed),
    );
    tellWarnings(kind, object, options.warn);
    return { object: fromStored(kind, object), created };
  }

  /** `change` sees and gives the object in the version of `kind`. */
  async update(
    kind: KindDefinition,
    key: string,
    change: Change,
    options: UpdateOptions = {},
  ): Promise<KubeObject> {
    const { namespace, name } = splitKey(key);
    const changed = (stored: KubeObject) => {
      const current = fromStored(kind, stored);
      return toStored(kind, change(current), current);
    };
    const guarded = withCheck(kind, options);
    const updated = await this.#writing(() =>
      updateObject(this.#context, storedKind(kind), namespace, name, changed, guarded),
    );
    tellWarnings(kind, updated, options.warn);
    return fromStored(kind, updated);
  }

  async delete(kind: KindDefinition, key: string, options: ServerDeleteOptions = {}): Promise<DeleteResult> {
    const { namespace, name } = splitKey(key);
    const result = await deleteObject(this.#context, storedKind(kind), namespace, name, options);
    return { ...result, object: fromStored(kind, result.object) };
  }

  /** Gives a pod to a node. @throws StatusError Conflict when it has one or is being deleted. */
  async bind(podKey: string, target: Pick<core.ObjectReference, 'name'>, uid?: string): Promise<void> {
    const change = (current: KubeObject) =>
      bound(structuredClone(current) as Writable<Pod>, target.name ?? '', uid, this.#now());
    await this.update(pods as KindDefinition, podKey, change, { scope: 'binding' });
  }

  #writing<T>(write: () => Promise<T>): Promise<T> {
    return this.#context.rules.around(write);
  }

  #now(): number {
    return this.#context.clock.now();
  }
}

/** Asks the kind first, then whoever writes. */
function withCheck<T extends { guard?: WriteGuard | undefined }>({ view }: KindDefinition, options: T): T {
  const check = view?.check;
  if (!check) return options;
  const guard: WriteGuard = (next, previous) => {
    check(next, previous);
    options.guard?.(next, previous);
  };
  return { ...options, guard };
}

const readOnly = () => methodNotAllowed('the server does not allow this method on the requested resource');

/** Once it is written: only then it is complete. */
function tellWarnings(kind: KindDefinition, object: KubeObject, warn: Warn | undefined): void {
  if (!warn) return;
  for (const warning of kind.warnings?.(object) ?? []) warn(warning);
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
  if (pod.spec.schedulingGates?.length) {
    throw conflict(subject, `pod ${pod.metadata.name} has non-empty .spec.schedulingGates`);
  }
  pod.spec.nodeName = nodeName;
  const scheduled = { type: 'PodScheduled', status: 'True', ...observing(pod) } as const;
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
