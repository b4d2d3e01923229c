// Removes what its owners have left behind, and ends the two ways of deleting that need others to act first:
// foreground (dependents before the owner) and orphan (dependents let go before the owner).
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/
import { type KubeObject, keyOf, type meta } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { followCustomKinds } from '../client/custom-kinds.ts';
import type { InformerHandler } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import {
  blocks,
  decideGarbage,
  FOREGROUND_FINALIZER,
  type Garbage,
  isOrphaning,
  isWaitingForDependents,
  ORPHAN_FINALIZER,
  type Owner,
  type OwnerState,
} from './garbage-decision.ts';
import { type Item, OwnershipGraph } from './ownership-graph.ts';
import { OwnershipWrites } from './ownership-writes.ts';

export interface GarbageCollectorOptions extends ControllerOptions {
  /** All kinds of the scheme. */
  kinds: readonly KindDefinition[];
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
}

const WORKERS = 8;

export class GarbageCollector implements Component {
  readonly #options: GarbageCollectorOptions;
  readonly #graph: OwnershipGraph;
  readonly #writes: OwnershipWrites;
  readonly #controller: Controller;
  #unfollow: () => void = () => {};

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#graph = new OwnershipGraph(options.kinds, options.informers);
    this.#writes = new OwnershipWrites(options.client);
    this.#controller = new Controller('garbage-collector', (name) => this.#reconcile(name), options, WORKERS);
    for (const { kind, informer } of this.#graph.sources()) {
      this.#controller.follows(informer, this.#handlerOf(kind));
    }
  }

  async start(): Promise<void> {
    this.#graph.index();
    await this.#controller.start();
    const { customKinds, informers } = this.#options;
    this.#unfollow = followCustomKinds(customKinds, (kind) => {
      const informer = informers.for(kind);
      this.#graph.add(kind, informer);
      this.#controller.followsFromNow(informer, this.#handlerOf(kind));
    });
  }

  #handlerOf(kind: KindDefinition): InformerHandler<KubeObject> {
    return {
      onAdd: (object) => this.#changed({ kind, key: keyOf(object) }, object),
      onUpdate: (object, previous) => {
        if (ownershipOf(object) === ownershipOf(previous)) return;
        this.#changed({ kind, key: keyOf(object) }, object);
        // An owner may have waited for just this one to be let go or to hold it up no longer.
        this.#enqueueOwners(previous);
      },
      onDelete: (object) => this.#gone(object),
    };
  }

  stop(): Promise<void> {
    this.#unfollow();
    return this.#controller.stop();
  }

  #changed(item: Item, object: KubeObject): void {
    const hasOwners = (object.metadata.ownerReferences ?? []).length > 0;
    if (hasOwners || isWaitingForDependents(object) || isOrphaning(object)) this.#enqueue(item);
  }

  /** Dependents look for their owner again; owners that wait look at what is left. */
  #gone(object: KubeObject): void {
    for (const { item } of this.#graph.dependents(object.metadata.uid)) this.#enqueue(item);
    this.#enqueueOwners(object);
  }

  #enqueueOwners(object: KubeObject): void {
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = this.#ownerItem(object, reference);
      if (owner) this.#enqueue(owner);
    }
  }

  #enqueue(item: Item): void {
    this.#controller.enqueue(this.#graph.nameOf(item));
  }

  async #reconcile(name: string): Promise<void> {
    const item = this.#graph.itemOf(name);
    const object = item && this.#graph.get(item);
    if (!item || !object) return;
    if (isOrphaning(object)) return this.#orphanDependents(item, object);
    if (isWaitingForDependents(object)) await this.#awaitDependents(item, object);
    await this.#collect(item, object);
  }

  async #collect(item: Item, object: KubeObject): Promise<void> {
    const references = object.metadata.ownerReferences ?? [];
    if (references.length === 0) return;
    const owners = await Promise.all(references.map((reference) => this.#lookUp(object, reference)));
    for (const owner of owners) if (this.#isElsewhere(object, owner)) this.#tellElsewhere(object, owner);
    const dependents = this.#graph.dependents(object.metadata.uid);
    const garbage = decideGarbage(object, owners, {
      any: dependents.length > 0,
      anyWaiting: dependents.some((dependent) => isWaitingForDependents(dependent.object)),
    });
    await this.#execute(item, object, garbage);
  }

  /** Whether the reference can lead nowhere: an owner lies in the namespace of its dependent, or in none. */
  #isElsewhere({ metadata }: KubeObject, { reference, state }: Owner): boolean {
    const kind = this.#graph.kindOf(reference.apiVersion, reference.kind);
    if (!kind?.namespaced) return false;
    if (!metadata.namespace) return true;
    return state === 'absent' && this.#graph.hasUid(kind, reference.uid);
  }

  #tellElsewhere(object: KubeObject, { reference }: Owner): void {
    const { apiVersion, kind, name, uid } = reference;
    const { namespace = '' } = object.metadata;
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
    const said = { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message } as const;
    this.#options.recorder.record({ object, ...said, component: 'garbage-collector-controller' });
  }

  async #execute(item: Item, object: KubeObject, garbage: Garbage): Promise<void> {
    if (garbage.action === 'keep') return;
    if (garbage.action === 'dropReferences') return this.#writes.dropReferences(item, object, garbage.uids);
    if (garbage.unblock) await this.#writes.unblock(item, object);
    if (object.metadata.deletionTimestamp) return;
    await this.#writes.remove(item, object, garbage);
  }

  /** The cache says present quickly; that an owner is absent is believed only from the server. */
  async #lookUp(object: KubeObject, reference: meta.OwnerReference): Promise<Owner> {
    const item = this.#ownerItem(object, reference);
    if (!item) return { reference, state: 'unknown' };
    const cached = this.#graph.get(item);
    const owner = cached?.metadata.uid === reference.uid ? cached : await this.#fetch(item);
    return { reference, state: stateOf(owner, reference) };
  }

  #ownerItem(object: KubeObject, { apiVersion, kind, name }: meta.OwnerReference): Item | undefined {
    const found = this.#graph.kindOf(apiVersion, kind);
    if (!found) return undefined;
    if (!found.namespaced) return { kind: found, key: name };
    const { namespace } = object.metadata;
    // A cluster-scoped object cannot name an owner in a namespace: nothing can be said of it.
    return namespace ? { kind: found, key: `${namespace}/${name}` } : undefined;
  }

  async #fetch({ kind, key }: Item): Promise<KubeObject | undefined> {
    try {
      return await this.#options.client.get(kind, key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #awaitDependents(item: Item, object: KubeObject): Promise<void> {
    const { uid } = object.metadata;
    const dependents = this.#graph.dependents(uid);
    for (const dependent of dependents) this.#enqueue(dependent.item);
    if (dependents.some((dependent) => blocks(dependent.object, uid))) return;
    await this.#writes.removeFinalizer(item, object, FOREGROUND_FINALIZER);
  }

  async #orphanDependents(item: Item, object: KubeObject): Promise<void> {
    const { uid } = object.metadata;
    for (const dependent of await this.#listDependents(object)) {
      await this.#writes.dropReferences(dependent.item, dependent.object, [uid]);
    }
    await this.#writes.removeFinalizer(item, object, ORPHAN_FINALIZER);
  }

  /** From the server: a dependent that the cache has not heard of would be taken for garbage afterwards. */
  async #listDependents(owner: KubeObject): Promise<{ item: Item; object: KubeObject }[]> {
    const { namespace, uid } = owner.metadata;
    const found: { item: Item; object: KubeObject }[] = [];
    for (const { kind } of this.#graph.sources()) {
      if (namespace && !kind.namespaced) continue;
      const { items } = await this.#options.client.list(kind, namespace ? { namespace } : {});
      for (const object of items) {
        const isDependent = object.metadata.ownerReferences?.some((reference) => reference.uid === uid);
        if (isDependent) found.push({ item: { kind, key: keyOf(object) }, object });
      }
    }
    return found;
  }
}

/** What of an object can change what this loop decides. */
function ownershipOf({ metadata }: KubeObject): string {
  const { uid, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return JSON.stringify([uid, ownerReferences ?? [], finalizers ?? [], deletionTimestamp !== undefined]);
}

function stateOf(owner: KubeObject | undefined, reference: meta.OwnerReference): OwnerState {
  if (owner?.metadata.uid !== reference.uid) return 'absent';
  return isWaitingForDependents(owner) ? 'waitingForDependents' : 'present';
}
