// Serves what CustomResourceDefinitions define: a kind from the moment its definition is stored until its last
// object is gone. Level-based: a definition that changes is looked at again as a whole.
import { customKind } from '../api/custom/custom-kind.ts';
import type { LazyRules } from '../api/custom/rules/lazy-rules.ts';
import { isEstablished } from '../api/kinds/custom-definition-rules.ts';
import { customResourceDefinitions } from '../api/kinds/custom-resource-definition.ts';
import type { CustomResourceDefinition, KubeObject } from '../api/objects.ts';
import { keyOf } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { ServedKinds } from '../api/served-kinds.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Store } from '../store/store.ts';
import { storePrefix } from './registry/keys.ts';
import type { Registry } from './registry/registry.ts';
import { CLEANUP_FINALIZER, type CustomDefinitionStrategy } from './strategies/custom-definition-strategy.ts';

const definitions = customResourceDefinitions as unknown as KindDefinition;

export interface CustomKindsOptions {
  store: Store;
  registry: Registry;
  kinds: ServedKinds;
  strategy: CustomDefinitionStrategy;
  rules: LazyRules;
  logger: Logger;
}

export class CustomKinds implements Component {
  readonly #options: CustomKindsOptions;
  /** Definitions whose objects are being removed, with what ends the watch on these objects. */
  readonly #cleaning = new Map<string, () => void>();
  readonly #work = new Set<Promise<void>>();
  #unsubscribe: (() => void) | undefined;

  constructor(options: CustomKindsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store } = this.#options;
    const prefix = storePrefix(definitions);
    for (const { value } of store.list(prefix)) this.#look(value as CustomResourceDefinition);
    this.#unsubscribe = store.watch(prefix, store.revision, (events) => {
      for (const { type, value } of events) {
        if (type === 'DELETED') this.#gone(value.metadata.name);
        else this.#look(value as CustomResourceDefinition);
      }
    });
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    for (const unsubscribe of this.#cleaning.values()) unsubscribe();
    this.#cleaning.clear();
    await Promise.all(this.#work);
  }

  #look(definition: CustomResourceDefinition): void {
    const { name, deletionTimestamp, finalizers } = definition.metadata;
    const { kinds, rules } = this.#options;
    if (!isEstablished(definition)) kinds.deleteCustom(name);
    else kinds.setCustom(name, customKind(definition, rules));
    if (deletionTimestamp && finalizers?.includes(CLEANUP_FINALIZER)) this.#beginCleaning(definition);
  }

  /** Its names are free again: perhaps another definition waits for them. */
  #gone(name: string): void {
    const { kinds, store } = this.#options;
    kinds.deleteCustom(name);
    this.#cleaning.get(name)?.();
    this.#cleaning.delete(name);
    for (const { value } of store.list(storePrefix(definitions))) {
      if (!isEstablished(value as CustomResourceDefinition)) this.#run(this.#judge(value.metadata.name));
    }
  }

  async #judge(name: string): Promise<void> {
    const change = (current: KubeObject) => {
      const status = this.#options.strategy.statusOf(current as CustomResourceDefinition);
      return { ...structuredClone(current), status } as KubeObject;
    };
    await this.#options.registry.update(definitions, name, change, { scope: 'status' });
  }

  #beginCleaning(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    if (this.#cleaning.has(name)) return;
    const { store, rules } = this.#options;
    const { stored } = customKind(definition, rules);
    const clean = () => this.#run(this.#clean(name, stored));
    const unsubscribe = store.watch(storePrefix(stored), store.revision, (events) => {
      if (events.some(({ type }) => type !== 'MODIFIED')) clean();
    });
    this.#cleaning.set(name, unsubscribe);
    clean();
  }

  /** Objects with finalizers of their own stay until these are taken away; the watch comes back to the rest. */
  async #clean(name: string, stored: KindDefinition): Promise<void> {
    const { store, registry } = this.#options;
    for (const { value } of store.list(storePrefix(stored))) {
      if (value.metadata.deletionTimestamp) continue;
      await ignoreGone(registry.delete(stored, keyOf(value)));
    }
    if (store.list(storePrefix(stored)).length > 0) return;
    const change = (current: KubeObject) => {
      const finalizers = (current.metadata.finalizers ?? []).filter((held) => held !== CLEANUP_FINALIZER);
      return { ...current, metadata: { ...current.metadata, finalizers } };
    };
    await ignoreGone(registry.update(definitions, name, change));
  }

  #run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => {
        this.#options.logger.error(
          { error: String(error) },
          'a CustomResourceDefinition could not be followed',
        );
      })
      .finally(() => this.#work.delete(done));
    this.#work.add(done);
  }
}

async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
