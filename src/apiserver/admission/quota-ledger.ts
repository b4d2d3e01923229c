// ResourceQuota, exact under any number of parallel writes: usage is counted inside the store's decision, so two
// writes never see the same room. What a quota has counted is kept and moved by each write; it is counted afresh
// when the quota is new. https://kubernetes.io/docs/concepts/policy/resource-quotas/
import type { KubeObject, Pod, ResourceQuota } from '../../api/objects.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type Quantity,
  tryParseQuantity,
  zeroQuantity,
} from '../../api/quantity.ts';
import { addUsage, inScope, limitsKind, type Usage, usageOf } from '../../api/quota.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Component } from '../../base/component.ts';
import type { Store } from '../../store/store.ts';
import { storePrefix } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import type { Reservation } from '../registry/strategy.ts';
import { type Accounting, isPods, type ObjectChange } from './admission.ts';
import { isCounted, requireAmounts } from './quota-demands.ts';

const QUOTAS = { group: '', plural: 'resourcequotas', namespaced: true } as const;

interface Tracked {
  quota: ResourceQuota;
  hard: readonly string[];
  /** By kind (`group/plural`), counted when first needed. */
  usage: Map<string, Usage>;
}

export class QuotaLedger implements Component, Accounting {
  readonly #store: Store;
  /** By namespace, then by name. */
  readonly #quotas = new Map<string, Map<string, Tracked>>();
  /** Decided and not yet to be read from the store, by store key; `undefined` = removed. */
  readonly #decided = new Map<string, KubeObject | undefined>();
  #unwatch: (() => void) | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    const prefix = storePrefix(QUOTAS);
    for (const { value } of this.#store.list(prefix)) this.#track(value as ResourceQuota);
    this.#unwatch = this.#store.watch(prefix, this.#store.revision, (events) => {
      for (const { type, value } of events) {
        if (type === 'DELETED') this.#untrack(value as ResourceQuota);
        else this.#track(value as ResourceQuota);
      }
    });
  }

  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#quotas.clear();
    this.#decided.clear();
  }

  charge(change: ObjectChange, enforce: boolean): Reservation {
    const { key, kind, next, previous } = change;
    const quotas = this.#limiting(change);
    const moves = quotas.map((tracked) => ({
      total: this.#usage(tracked, kind),
      tracked,
      delta: deltaOf(tracked, change),
    }));
    if (enforce && next) this.#enforce(moves, kind, next, previous);
    const wasDecided = this.#decided.has(key);
    for (const { total, delta } of moves) addUsage(total, delta);
    this.#decided.set(key, next);
    return {
      undo: () => {
        for (const { total, delta } of moves) addUsage(total, delta, -1);
        if (wasDecided) this.#decided.set(key, previous);
        else this.#decided.delete(key);
      },
    };
  }

  settled(key: string, next: KubeObject | undefined): void {
    if (this.#decided.get(key) === next) this.#decided.delete(key);
  }

  #limiting({ kind, next, previous }: ObjectChange): Tracked[] {
    if (!kind.namespaced) return [];
    const namespace = (next ?? previous)?.metadata.namespace ?? '';
    const found = this.#quotas.get(namespace);
    return found ? [...found.values()].filter(({ hard }) => limitsKind(hard, kind)) : [];
  }

  /** First what each quota wants to know of a pod, then what there is left. @throws StatusError Forbidden */
  #enforce(
    moves: readonly { tracked: Tracked; delta: Usage }[],
    kind: KindDefinition,
    next: KubeObject,
    previous: KubeObject | undefined,
  ): void {
    if (isPods(kind) && isCounted(next as Pod, previous as Pod | undefined)) {
      for (const { tracked } of moves) requireAmounts(tracked.quota, kind, next as Pod);
    }
    for (const { tracked, delta } of moves) this.#requireRoom(tracked, kind, next, delta);
  }

  /** @throws StatusError Forbidden, in upstream's words. */
  #requireRoom({ quota, hard }: Tracked, kind: KindDefinition, next: KubeObject, delta: Usage): void {
    const { name } = quota.metadata;
    const subject = resourceSubject(kind, next.metadata.name);
    const asked = hard.filter((resource) => (delta.get(resource)?.nanos ?? 0n) > 0n).toSorted();
    const over = asked.filter((resource) => this.#exceeds(quota, kind, resource, delta));
    if (over.length === 0) return;
    const list = (value: (resource: string) => Quantity) =>
      over.map((resource) => `${resource}=${formatQuantity(value(resource))}`).join(',');
    const requested = list((resource) => delta.get(resource) ?? zeroQuantity);
    const used = list((resource) => this.#used(quota, kind, resource));
    const limited = list((resource) => hardOf(quota, resource));
    throw forbidden(
      subject,
      `exceeded quota: ${name}, requested: ${requested}, used: ${used}, limited: ${limited}`,
    );
  }

  #exceeds(quota: ResourceQuota, kind: KindDefinition, resource: string, delta: Usage): boolean {
    const sum = addQuantities(this.#used(quota, kind, resource), delta.get(resource) ?? zeroQuantity);
    return compareQuantities(sum, hardOf(quota, resource)) > 0;
  }

  /** No resource is used by two kinds, so the count of the kind is the whole. */
  #used({ metadata }: ResourceQuota, kind: KindDefinition, resource: string): Quantity {
    const tracked = this.#quotas.get(metadata.namespace ?? '')?.get(metadata.name);
    return (tracked && this.#usage(tracked, kind).get(resource)) ?? zeroQuantity;
  }

  #usage(tracked: Tracked, kind: KindDefinition): Usage {
    const name = `${kind.group}/${kind.plural}`;
    // What expires by itself leaves without a word, so it is counted each time.
    const known = kind.timeToLiveMs === undefined ? tracked.usage.get(name) : undefined;
    if (known) return known;
    const counted = this.#count(tracked.quota, kind);
    tracked.usage.set(name, counted);
    return counted;
  }

  #count(quota: ResourceQuota, kind: KindDefinition): Usage {
    const total: Usage = new Map();
    const prefix = storePrefix(kind, quota.metadata.namespace);
    const add = (object: KubeObject | undefined) => {
      if (object && inScope(quota, kind, object)) addUsage(total, usageOf(kind, object));
    };
    for (const { key, value } of this.#store.list(prefix)) if (!this.#decided.has(key)) add(value);
    for (const [key, object] of this.#decided) if (key.startsWith(prefix)) add(object);
    return total;
  }

  /** A change of its status alone, which follows every write, leaves the count as it is. */
  #track(quota: ResourceQuota): void {
    const { namespace = '', name, uid } = quota.metadata;
    const named = this.#quotas.get(namespace) ?? new Map<string, Tracked>();
    const known = named.get(name);
    const isSame =
      known?.quota.metadata.uid === uid && JSON.stringify(known.quota.spec) === JSON.stringify(quota.spec);
    const usage = isSame ? known.usage : new Map<string, Usage>();
    named.set(name, { quota, hard: Object.keys(quota.spec.hard ?? {}), usage });
    this.#quotas.set(namespace, named);
  }

  #untrack({ metadata: { namespace = '', name } }: ResourceQuota): void {
    const named = this.#quotas.get(namespace);
    named?.delete(name);
    if (named?.size === 0) this.#quotas.delete(namespace);
  }
}

function deltaOf({ quota }: Tracked, { kind, next, previous }: ObjectChange): Usage {
  const delta: Usage = new Map();
  if (next && inScope(quota, kind, next)) addUsage(delta, usageOf(kind, next));
  if (previous && inScope(quota, kind, previous)) addUsage(delta, usageOf(kind, previous), -1);
  return delta;
}

const hardOf = ({ spec }: ResourceQuota, resource: string): Quantity =>
  tryParseQuantity(spec.hard?.[resource] ?? '0') ?? zeroQuantity;
