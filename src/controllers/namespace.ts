// Empties a namespace that is being deleted, kind by kind, then lets it go.
// https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
import { namespaces } from '../api/kinds/namespace.ts';
import { type KubeObject, keyOf, type Namespace } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

export interface NamespaceOptions extends ControllerOptions {
  /** All kinds of the scheme. */
  kinds: readonly KindDefinition[];
}

/** The finalizer of `spec.finalizers` that is ours. */
const FINALIZER = 'kubernetes';
const PARALLEL_DELETES = 16;

export class NamespaceController implements Component {
  readonly #options: NamespaceOptions;
  readonly #namespaces: Informer<Namespace>;
  readonly #kinds: readonly KindDefinition[];
  readonly #controller: Controller;

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

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #contentGone({ metadata }: KubeObject): void {
    const namespace = this.#namespaces.lister.get(metadata.namespace ?? '');
    if (namespace?.metadata.deletionTimestamp) this.#controller.enqueue(keyOf(namespace));
  }

  async #reconcile(name: string): Promise<void> {
    const namespace = this.#namespaces.lister.get(name);
    const finalizers = namespace?.spec?.finalizers ?? [];
    if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return;
    for (const kind of this.#kinds) await this.#deleteAll(kind, name);
    if (!(await this.#isEmpty(name))) return;
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

  async #isEmpty(namespace: string): Promise<boolean> {
    for (const kind of this.#kinds) {
      const { items } = await this.#options.client.list(kind, { namespace });
      if (items.length > 0) return false;
    }
    return true;
  }
}
