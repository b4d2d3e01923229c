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
import { addUsage, inScope, limitsKind, releasedAtMs, type Usage, usageOf } from '../../api/quota.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { type ErrorSubject, forbidden } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
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
  /** From when on the count of pods is no longer right: one that goes counts no more. */
  staleAtMs: number;
}

/** What one write changes in one quota. */
interface Move {
  tracked: Tracked;
  /** What counts so far. */
  total: Usage;
  delta: Usage;
}

export class QuotaLedger implements Component, Accounting {
  readonly #store: Store;
  readonly #clock: Clock;
  /** By namespace, then by name. */
  readonly #quotas = new Map<string, Map<string, Tracked>>();
  /** Decided and not yet to be read from the store, by store key; `undefined` = removed. */
  readonly #decided = new Map<string, KubeObject | undefined>();
  #unwatch: (() => void) | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
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
    const nowMs = this.#clock.now();
    const moves = this.#limiting(change).map((tracked) => ({
      total: this.#usage(tracked, kind, nowMs),
      tracked,
      delta: deltaOf(tracked, change, nowMs),
    }));
    if (next && isPods(kind)) for (const { tracked } of moves) noteRelease(tracked, next, nowMs);
    if (enforce && next) this.#enforce(moves, kind, next, previous);
    const wasDecided = this.#decided.has(key);
    const before = this.#decided.get(key);
    for (const { total, delta } of moves) addUsage(total, delta);
    this.#decided.set(key, next);
    return {
      undo: () => {
        for (const { total, delta } of moves) addUsage(total, delta, -1);
        // What was decided before may be readable by now: nobody would settle it again.
        if (wasDecided && this.#store.get(key)?.value !== before) this.#decided.set(key, before);
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
    moves: readonly Move[],
    kind: KindDefinition,
    next: KubeObject,
    previous: KubeObject | undefined,
  ): void {
    if (isPods(kind) && isCounted(next as Pod, previous as Pod | undefined)) {
      for (const { tracked } of moves) requireAmounts(tracked.quota, kind, next as Pod);
    }
    for (const move of moves) requireRoom(move, resourceSubject(kind, next.metadata.name));
  }

  #usage(tracked: Tracked, kind: KindDefinition, nowMs: number): Usage {
    const name = `${kind.group}/${kind.plural}`;
    const known = tracked.usage.get(name);
    // What expires by itself leaves without a word, so it is counted each time; pods once one of them is due.
    const isStale = kind.timeToLiveMs !== undefined || (isPods(kind) && nowMs > tracked.staleAtMs);
    if (known && !isStale) return known;
    // The same map: writes under way take back from it what they have put there.
    const counted = known ?? new Map();
    counted.clear();
    this.#count(tracked, kind, counted, nowMs);
    tracked.usage.set(name, counted);
    return counted;
  }

  #count(tracked: Tracked, kind: KindDefinition, total: Usage, nowMs: number): void {
    const { quota } = tracked;
    const prefix = storePrefix(kind, quota.metadata.namespace);
    if (isPods(kind)) tracked.staleAtMs = Number.POSITIVE_INFINITY;
    const add = (object: KubeObject | undefined) => {
      if (!object) return;
      if (isPods(kind)) noteRelease(tracked, object, nowMs);
      if (inScope(quota, kind, object)) addUsage(total, usageOf(kind, object, nowMs));
    };
    for (const { key, value } of this.#store.list(prefix)) if (!this.#decided.has(key)) add(value);
    for (const [key, object] of this.#decided) if (key.startsWith(prefix)) add(object);
  }

  /** A change of its status alone, which follows every write, leaves the count as it is. */
  #track(quota: ResourceQuota): void {
    const { namespace = '', name, uid } = quota.metadata;
    const named = this.#quotas.get(namespace) ?? new Map<string, Tracked>();
    const known = named.get(name);
    const isSame =
      known?.quota.metadata.uid === uid && JSON.stringify(known.quota.spec) === JSON.stringify(quota.spec);
    const { usage, staleAtMs } = isSame ? known : { usage: new Map(), staleAtMs: Number.POSITIVE_INFINITY };
    named.set(name, { quota, hard: Object.keys(quota.spec.hard ?? {}), usage, staleAtMs });
    this.#quotas.set(namespace, named);
  }

  #untrack({ metadata: { namespace = '', name } }: ResourceQuota): void {
    const named = this.#quotas.get(namespace);
    named?.delete(name);
    if (named?.size === 0) this.#quotas.delete(namespace);
  }
}

function noteRelease(tracked: Tracked, pod: KubeObject, nowMs: number): void {
  const dueMs = releasedAtMs(pod);
  if (dueMs >= nowMs) tracked.staleAtMs = Math.min(tracked.staleAtMs, dueMs);
}

function deltaOf({ quota }: Tracked, { kind, next, previous }: ObjectChange, nowMs: number): Usage {
  const delta: Usage = new Map();
  if (next && inScope(quota, kind, next)) addUsage(delta, usageOf(kind, next, nowMs));
  if (previous && inScope(quota, kind, previous)) addUsage(delta, usageOf(kind, previous, nowMs), -1);
  return delta;
}

/** No resource is used by two kinds, so the count of the kind is the whole. @throws StatusError, in upstream's words. */
function requireRoom({ tracked: { quota, hard }, total, delta }: Move, subject: ErrorSubject): void {
  const wanted = (resource: string) => delta.get(resource) ?? zeroQuantity;
  const used = (resource: string) => total.get(resource) ?? zeroQuantity;
  const most = (resource: string) => hardOf(quota, resource);
  const over = hard
    .filter((resource) => wanted(resource).nanos > 0n)
    .filter((name) => compareQuantities(addQuantities(used(name), wanted(name)), most(name)) > 0)
    .toSorted();
  if (over.length === 0) return;
  const list = (value: (resource: string) => Quantity) =>
    over.map((resource) => `${resource}=${formatQuantity(value(resource))}`).join(',');
  const amounts = `requested: ${list(wanted)}, used: ${list(used)}, limited: ${list(most)}`;
  throw forbidden(subject, `exceeded quota: ${quota.metadata.name}, ${amounts}`);
}

const hardOf = ({ spec }: ResourceQuota, resource: string): Quantity =>
  tryParseQuantity(spec.hard?.[resource] ?? '0') ?? zeroQuantity;
