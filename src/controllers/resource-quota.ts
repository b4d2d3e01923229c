// Shows what each ResourceQuota holds and how much of it is used. What may still be created is decided where it is
// created, from the same rules. https://kubernetes.io/docs/concepts/policy/resource-quotas/
import { pods } from '../api/kinds/pod.ts';
import { resourceQuotas } from '../api/kinds/resource-quota.ts';
import { type KubeObject, keyOf, type ResourceQuota } from '../api/objects.ts';
import { canonicalQuantity } from '../api/quantity.ts';
import { addUsage, inScope, limitsKind, releasedAtMs, type Usage, usageOf, usedOf } from '../api/quota.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import { followCustomKinds } from '../client/custom-kinds.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

export interface ResourceQuotaOptions extends ControllerOptions {
  /** All kinds of the scheme. */
  kinds: readonly KindDefinition[];
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
}

interface Counted {
  kind: KindDefinition;
  informer: Informer<KubeObject>;
}

/** Bursts of objects make one write of the status. */
const SETTLE_MS = 100;

export class ResourceQuotaController implements Component {
  readonly #options: ResourceQuotaOptions;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #counted: readonly Counted[];
  readonly #controller: Controller;
  #unfollow: () => void = () => {};

  constructor(options: ResourceQuotaOptions) {
    this.#options = options;
    this.#quotas = options.informers.for(resourceQuotas);
    const namespaced = options.kinds.filter((kind) => kind.namespaced);
    this.#counted = namespaced.map((kind) => ({ kind, informer: options.informers.for(kind) }));
    this.#controller = new Controller('resource-quota-controller', (key) => this.#reconcile(key), options);
    this.#controller.follows(
      this.#quotas,
      onAnyChange((quota) => this.#controller.enqueue(keyOf(quota))),
    );
    for (const { kind, informer } of this.#counted) {
      this.#controller.follows(
        informer,
        onAnyChange(({ metadata }) => this.#changed(kind, metadata.namespace ?? '')),
      );
    }
  }

  async start(): Promise<void> {
    await this.#controller.start();
    const { customKinds, informers } = this.#options;
    this.#unfollow = followCustomKinds(customKinds, (kind) => {
      if (!kind.namespaced) return;
      const changed = ({ metadata }: KubeObject) => this.#changed(kind, metadata.namespace ?? '');
      this.#controller.followsFromNow(informers.for(kind), onAnyChange(changed));
    });
  }

  stop(): Promise<void> {
    this.#unfollow();
    return this.#controller.stop();
  }

  /** Of each kind that a namespace may hold at this moment. */
  #countedNow(): readonly Counted[] {
    const { customKinds, informers } = this.#options;
    const custom = (customKinds?.custom ?? []).filter(({ namespaced }) => namespaced);
    return [...this.#counted, ...custom.map((kind) => ({ kind, informer: informers.for(kind) }))];
  }

  #changed(kind: KindDefinition, namespace: string): void {
    for (const quota of this.#quotas.lister.inNamespace(namespace)) {
      if (limitsKind(hardOf(quota), kind)) this.#controller.enqueueAfter(keyOf(quota), SETTLE_MS);
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const quota = this.#quotas.lister.get(key);
    if (!quota || quota.metadata.deletionTimestamp) return undefined;
    const hard = Object.fromEntries(
      Object.entries(quota.spec.hard ?? {}).map(([name, amount]) => [name, canonicalQuantity(amount)]),
    );
    const nowMs = this.#options.clock.now();
    const status = { hard, used: usedOf(Object.keys(hard), this.#usage(quota, nowMs)) };
    const dueMs = this.#nextRelease(quota, nowMs);
    const later = dueMs === undefined ? undefined : { requeueAfterMs: dueMs + 1 - nowMs };
    if (same(quota.status?.hard, status.hard) && same(quota.status?.used, status.used)) return later;
    try {
      await this.#options.client.updateStatus(resourceQuotas, { ...quota, status });
    } catch (error) {
      if (isConflict(error)) return { requeueAfterMs: SETTLE_MS };
      if (!isNotFound(error)) throw error;
    }
    return later;
  }

  /** When the next pod that goes counts no more, whether or not its board is there to say so. */
  #nextRelease(quota: ResourceQuota, nowMs: number): number | undefined {
    if (!limitsKind(hardOf(quota), pods)) return undefined;
    const going = this.#options.informers.for(pods).lister.inNamespace(quota.metadata.namespace ?? '');
    const dueMs = Math.min(...going.map(releasedAtMs).filter((ms) => ms >= nowMs));
    return Number.isFinite(dueMs) ? dueMs : undefined;
  }

  #usage(quota: ResourceQuota, nowMs: number): Usage {
    const total: Usage = new Map();
    const hard = hardOf(quota);
    for (const { kind, informer } of this.#countedNow()) {
      if (!limitsKind(hard, kind)) continue;
      for (const object of informer.lister.inNamespace(quota.metadata.namespace ?? '')) {
        if (inScope(quota, kind, object)) addUsage(total, usageOf(kind, object, nowMs));
      }
    }
    return total;
  }
}

const hardOf = ({ spec }: ResourceQuota): string[] => Object.keys(spec.hard ?? {});

function same(a: Readonly<Record<string, string>> | undefined, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(b);
  return Object.keys(a ?? {}).length === names.length && names.every((name) => a?.[name] === b[name]);
}
