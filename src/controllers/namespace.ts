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
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import { followCustomKinds } from '../client/custom-kinds.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import {
  type Emptied,
  graceMs,
  type Remainder,
  remainingConditions,
  unexpectedlyLeft,
} from './namespace-conditions.ts';

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

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const namespace = this.#namespaces.lister.get(name);
    const finalizers = namespace?.spec?.finalizers ?? [];
    if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return undefined;
    const nowMs = this.#options.clock.now();
    const { left, errors } = await this.#empty(name);
    if (left.length === 0 && errors.length === 0) {
      await this.#letGo(namespace, nowMs);
      return undefined;
    }
    const unexpected = unexpectedlyLeft(namespace, left, nowMs);
    await this.#tell(namespace, { left, failures: [...errors.map(messageOf), ...unexpected] }, nowMs);
    if (errors.length > 0) throw errors[0];
    const graceLeftMs = Math.max(...left.map((remainder) => graceMs(namespace, remainder, nowMs)));
    return graceLeftMs > 0 ? { requeueAfterMs: graceLeftMs + 1 } : undefined;
  }

  /** Where it stays for somebody else's sake, what it says of us must be true. */
  async #letGo(namespace: Namespace, nowMs: number): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
    const isHeld = finalizers.length + (namespace.metadata.finalizers?.length ?? 0) > 0;
    const told = isHeld ? await this.#tell(namespace, { left: [], failures: [] }, nowMs) : namespace;
    if (!told) return;
    try {
      await this.#options.client.finalizeNamespace({ ...told, spec: { ...told.spec, finalizers } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /**
   * Pods first, and all else when they are gone: what they use and what guards them (accounts, Secrets, network
   * policies) outlasts them. A kind that fails keeps no other from being emptied.
   * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
   */
  async #empty(namespace: string): Promise<{ left: Remainder[]; errors: unknown[] }> {
    const kinds = this.#contents();
    const isPods = ({ group, plural }: KindDefinition) => group === pods.group && plural === pods.plural;
    const errors: unknown[] = [];
    for (const some of [kinds.filter(isPods), kinds.filter((kind) => !isPods(kind))]) {
      const left: Remainder[] = [];
      for (const kind of some) {
        try {
          await this.#deleteAll(kind, namespace);
          const { items } = await this.#options.client.list(kind, { namespace });
          if (items.length > 0) left.push({ kind, objects: items });
        } catch (error) {
          errors.push(error);
        }
      }
      if (left.length > 0) return { left, errors };
    }
    return { left: [], errors };
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

  /** Resolves with the namespace as it is then; `undefined` = it has changed, which brings us here again. */
  async #tell(namespace: Namespace, emptied: Emptied, nowMs: number): Promise<Namespace | undefined> {
    const before = namespace.status?.conditions;
    const conditions = remainingConditions(before, emptied, nowMs);
    if (isDeepStrictEqual(conditions, before)) return namespace;
    const status = { ...namespace.status, conditions };
    try {
      return await this.#options.client.updateStatus(namespaces, { ...namespace, status });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
      return undefined;
    }
  }
}
