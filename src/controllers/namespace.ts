// Empties a namespace that is being deleted, its pods first, then lets it go.
// https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
import { isDeepStrictEqual } from 'node:util';
import { namespaces } from '../api/kinds/namespace.ts';
import { pods } from '../api/kinds/pod.ts';
import { type KubeObject, keyOf, type Namespace } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { followCustomKinds } from '../client/custom-kinds.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { type Remainder, remainingConditions } from './namespace-conditions.ts';

export interface NamespaceOptions extends ControllerOptions {
  /** All kinds of the scheme. */
  kinds: readonly KindDefinition[];
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
}

/** The finalizer of `spec.finalizers` that is ours. */
const FINALIZER = 'kubernetes';
const PARALLEL_DELETES = 16;

export class NamespaceController implements Component {
  readonly #options: NamespaceOptions;
  readonly #namespaces: Informer<Namespace>;
  readonly #kinds: readonly KindDefinition[];
  readonly #controller: Controller;
  #unfollow: () => void = () => {};

  constructor(options: NamespaceOptions) {
    this.#options = options;
    this.#namespaces = options.informers.for(namespaces);
    this.#kinds = options.kinds.filter(({ namespaced }) => namespaced);
    this.#controller = new Controller('namespace-controller', (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#namespaces, {
      onAdd: (namespace) => this.#controller.enqueue(keyOf(namespace)),
      onUpdate: (namespace) => this.#controller.enqueue(keyOf(namespace)),
    });
    // What goes last (a pod whose board has answered) opens the way for the namespace.
    for (const kind of this.#kinds) {
      this.#controller.follows(options.informers.for(kind), {
        onDelete: (object) => this.#contentGone(object),
      });
    }
  }

  async start(): Promise<void> {
    await this.#controller.start();
    const { customKinds, informers } = this.#options;
    const onDelete = (object: KubeObject) => this.#contentGone(object);
    this.#unfollow = followCustomKinds(customKinds, (kind) => {
      if (kind.namespaced) this.#controller.followsFromNow(informers.for(kind), { onDelete });
    });
  }

  stop(): Promise<void> {
    this.#unfollow();
    return this.#controller.stop();
  }

  /** What a namespace may hold at this moment. */
  #contents(): KindDefinition[] {
    const custom = this.#options.customKinds?.custom ?? [];
    return [...this.#kinds, ...custom.filter(({ namespaced }) => namespaced)];
  }

  #contentGone({ metadata }: KubeObject): void {
    const namespace = this.#namespaces.lister.get(metadata.namespace ?? '');
    if (namespace?.metadata.deletionTimestamp) this.#controller.enqueue(keyOf(namespace));
  }

  async #reconcile(name: string): Promise<void> {
    const namespace = this.#namespaces.lister.get(name);
    const finalizers = namespace?.spec?.finalizers ?? [];
    if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return;
    const left = await this.#empty(name);
    if (left.length > 0) return this.#tellWhatIsLeft(namespace, left);
    const rest = finalizers.filter((finalizer) => finalizer !== FINALIZER);
    try {
      await this.#options.client.finalizeNamespace({
        ...namespace,
        spec: { ...namespace.spec, finalizers: rest },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /**
   * Pods first, and all else when they are gone: what they use and what guards them (accounts, Secrets, network
   * policies) outlasts them. https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
   */
  async #empty(namespace: string): Promise<Remainder[]> {
    const kinds = this.#contents();
    const isPods = ({ group, plural }: KindDefinition) => group === pods.group && plural === pods.plural;
    for (const some of [kinds.filter(isPods), kinds.filter((kind) => !isPods(kind))]) {
      for (const kind of some) await this.#deleteAll(kind, namespace);
      const left = await this.#remaining(some, namespace);
      if (left.length > 0) return left;
    }
    return [];
  }

  /** Lists at the server, not in a cache: what was made a moment before the end must not be missed. */
  async #deleteAll(kind: KindDefinition, namespace: string): Promise<void> {
    const { items } = await this.#options.client.list(kind, { namespace });
    const going = items.filter(({ metadata }) => !metadata.deletionTimestamp);
    for (let first = 0; first < going.length; first += PARALLEL_DELETES) {
      const batch = going.slice(first, first + PARALLEL_DELETES);
      await Promise.all(batch.map((object) => this.#deleteOne(kind, object)));
    }
  }

  async #deleteOne(kind: KindDefinition, object: KubeObject): Promise<void> {
    try {
      await this.#options.client.delete(kind, keyOf(object), { propagationPolicy: 'Background' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #remaining(kinds: readonly KindDefinition[], namespace: string): Promise<Remainder[]> {
    const left: Remainder[] = [];
    for (const kind of kinds) {
      const { items } = await this.#options.client.list(kind, { namespace });
      if (items.length > 0) left.push({ kind, objects: items });
    }
    return left;
  }

  async #tellWhatIsLeft(namespace: Namespace, left: readonly Remainder[]): Promise<void> {
    const { client, clock } = this.#options;
    const before = namespace.status?.conditions;
    const conditions = remainingConditions(before, left, clock.now());
    if (isDeepStrictEqual(conditions, before)) return;
    const status = { ...namespace.status, conditions };
    try {
      await client.updateStatus(namespaces, { ...namespace, status });
    } catch (error) {
      // Whoever changed it meanwhile has brought us here again.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
