// One pass over one pod key: look at desired and observed afresh, decide, do, until nothing is left to do; then
// report the status if it changed and keep the record. Level-based: safe to run at any time, any number of times.
import { type Pod, timestamp } from '../../api/objects.ts';
import { isStaticPod } from '../../api/static-pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { ContainerCache } from '../container-cache.ts';
import { GONE_WITHIN_MS } from '../eviction/evictor.ts';
import type { PassResult } from '../pod-workers.ts';
import type { DesiredState, ObservedPod, StatusSink } from '../ports.ts';
import type { PodProbes } from '../probes/pod-probes.ts';
import { absorb } from '../records/absorb.ts';
import type { Ending, PodRecord } from '../records/pod-record.ts';
import type { RecordStore } from '../records/record-store.ts';
import { podStatus } from '../status/pod-status.ts';
import type { Refusal } from './admission.ts';
import { granted, isResizeWanted } from './allocation.ts';
import type { ConfigSource } from './container-starter.ts';
import { decidePod } from './decide-pod.ts';
import type { Decision } from './pod-actions.ts';
import { podAges } from './pod-ages.ts';
import { newPodEntry, type PodEntry, restoredEntry } from './pod-entry.ts';
import type { PodExecutor } from './pod-executor.ts';
import type { PodMemory, PodWorld } from './pod-world.ts';

/** More rounds than any pod needs: beyond it something fights back, and the worker's back-off takes over. */
const MAX_ROUNDS = 50;

/** What the master wants, as far as this board knows. */
export interface DesiredView {
  state: DesiredState;
  /** A complete set from the master: what is not in it goes. A checkpoint is not: nothing goes for it. */
  isComplete: boolean;
  /** Also without one: a pod of the board's own, whose file may have gone. */
  mayRemove?(key: string): boolean;
}

export interface PodReconcilerOptions {
  cache: ContainerCache;
  executor: PodExecutor;
  records: RecordStore;
  sink: StatusSink;
  clock: Clock;
  desired(): DesiredView | undefined;
  networkProblem(): string | undefined;
  hostAddresses(): readonly string[];
  configs: Pick<ConfigSource, 'refreshVolumes'>;
  probes: PodProbes;
  /** Whether the board takes one more pod, beside those it has. */
  admit(pod: Pod, admitted: readonly Pod[]): Refusal | undefined;
  /** Whether the board gives a pod that it has what its spec asks for now, beside the others. */
  admitResize(pod: Pod, others: readonly Pod[]): Refusal | undefined;
  look(key: string): void;
}

export class PodReconciler {
  readonly #options: PodReconcilerOptions;
  readonly #entries = new Map<string, PodEntry>();
  #isEnding = false;

  constructor(options: PodReconcilerOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    for (const record of await this.#options.records.load())
      this.#entries.set(record.uid, restoredEntry(record));
  }

  /** The agent ends: passes under way do what they have begun and no more. */
  finishRounds(): void {
    this.#isEnding = true;
  }

  /** Looks at no container any more. */
  stop(): void {
    this.#options.probes.stop();
  }

  /** Pods that the engine has or a record remembers. */
  uids(): Set<string> {
    return new Set([...this.#options.cache.uids(), ...this.#entries.keys()]);
  }

  /** Addresses that pods have or had last. */
  addresses(): Set<string> {
    const known = [...this.#entries.values()].map(({ record }) => record.podIP ?? record.podIPBefore);
    return new Set(known.filter((address) => address !== undefined));
  }

  /** Keys of all pods that the board has or remembers. */
  keys(): Set<string> {
    const keys = this.#options.cache.keys();
    for (const entry of this.#entries.values()) keys.add(entry.key);
    return keys;
  }

  /** By what was reported last: why a container waits; `undefined` = it does not. */
  waitingReason(uid: string, container: string): string | undefined {
    const { reported } = this.#entries.get(uid) ?? {};
    if (!reported) return undefined;
    const { initContainerStatuses = [], containerStatuses = [] } = (JSON.parse(reported) as ObservedPod)
      .status;
    const status = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
    return status?.state?.waiting?.reason;
  }

  /** ConfigMaps, Secrets or Services may have changed: what failed for want of them is tried at once. */
  retryConfigs(key: string): boolean {
    let hadFailed = false;
    for (const entry of this.#entries.values()) {
      if (entry.key !== key) continue;
      hadFailed ||= entry.memory.startFailures.size > 0;
      entry.memory.startFailures.clear();
    }
    return hadFailed;
  }

  /** Ends a pod that runs; `false` when there is none to end. */
  evict(uid: string, why: Ending): boolean {
    const entry = this.#entries.get(uid);
    if (!entry || entry.record.finished) return false;
    entry.memory.eviction = why;
    entry.memory.unwantedAtMs = this.#options.clock.monotonicMs();
    return true;
  }

  /** Has the containers of pods that have ended removed; returns the keys of those that are about to give them back. */
  dropEnded(): string[] {
    const { cache, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const isAwaited = ({ unwantedAtMs = nowMs }: PodMemory) => nowMs - unwantedAtMs < GONE_WITHIN_MS;
    const ended = [...this.#entries.values()].filter(
      ({ uid, record, memory }) => record.finished && cache.ofPod(uid).length > 0 && isAwaited(memory),
    );
    for (const { memory } of ended) memory.unwantedAtMs ??= nowMs;
    return ended.map(({ key }) => key);
  }

  /** The network is there: do not wait for the back-off. */
  retrySandbox(key: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.key === key) entry.memory.sandboxFailure = undefined;
    }
  }

  async reconcile(key: string): Promise<PassResult> {
    const desired = this.#options.desired();
    const pod = desired?.state.pods.get(key);
    const isKnown = desired?.isComplete === true || desired?.mayRemove?.(key) === true;
    const mayRemove = pod !== undefined || isKnown;
    const others = this.#entriesOf(key).filter((entry) => entry.uid !== pod?.metadata.uid);
    if (others.length > 0) {
      if (!mayRemove) return {};
      const result = await this.#removeOthers(others);
      if (result) return result;
    }
    if (pod) return this.#bringInLine(this.#entryOf(pod, key), pod);
    if (isKnown) this.#options.sink.forget(key);
    return {};
  }

  /** `undefined` once nothing of them is left: only then may a namesake start. */
  async #removeOthers(others: readonly PodEntry[]): Promise<PassResult | undefined> {
    let pending: PassResult | undefined;
    for (const entry of others) {
      const decision = await this.#converge(entry, undefined);
      this.#options.probes.sync(entry, undefined);
      if (decision.gone) this.#entries.delete(entry.uid);
      if (decision.gone) this.#lookAtDeferred();
      else pending = { requeueAfterMs: decision.requeueAfterMs };
    }
    return pending;
  }

  async #bringInLine(entry: PodEntry, pod: Pod): Promise<PassResult> {
    let decision: Decision | undefined;
    const { allocated, finished } = entry.record;
    try {
      decision = await this.#converge(entry, pod);
      if (!pod.metadata.deletionTimestamp) await this.#options.configs.refreshVolumes(pod);
    } finally {
      this.#options.probes.sync(entry, pod);
      this.#report(entry, pod, decision);
      await this.#save(entry);
      if (entry.record.allocated !== allocated || entry.record.finished !== finished) this.#lookAtDeferred();
    }
    return { requeueAfterMs: decision.requeueAfterMs };
  }

  async #converge(entry: PodEntry, pod: Pod | undefined): Promise<Decision> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const world = this.#world(entry, pod);
      entry.record = world.record;
      const decision = decidePod(world);
      if (decision.actions.length === 0 || this.#isEnding) return decision;
      await this.#options.executor.run(entry, pod, decision.actions);
    }
    throw new Error(`pod ${entry.key} does not settle`);
  }

  #world(entry: PodEntry, pod: Pod | undefined): PodWorld {
    const { cache, clock, networkProblem } = this.#options;
    const observed = cache.ofPod(entry.uid);
    const [nowMs, monotonicMs] = [clock.now(), clock.monotonicMs()];
    const record = absorb(entry.record, observed, nowMs);
    return {
      key: entry.key,
      uid: entry.uid,
      pod,
      observed,
      record,
      memory: entry.memory,
      nowMs,
      monotonicMs,
      ages: podAges(entry.memory.met, record, { nowMs, monotonicMs }),
      networkProblem: networkProblem(),
      refusal: pod && observed.length === 0 ? this.#refusalOf(entry, pod) : undefined,
      resizeProblem: pod && isResizeWanted(pod, record) ? this.#resizeProblem(entry, pod) : undefined,
    };
  }

  /** Asked in one go, so that two pods never get the last place. */
  #refusalOf(entry: PodEntry, pod: Pod): Refusal | undefined {
    if (entry.memory.isAdmitted || entry.record.sandboxAttempt >= 0 || entry.record.finished)
      return undefined;
    const refusal = this.#options.admit(pod, this.admitted(entry));
    entry.memory.isAdmitted = refusal === undefined;
    return refusal;
  }

  #resizeProblem(entry: PodEntry, pod: Pod): Refusal | undefined {
    return this.#options.admitResize(pod, this.admitted(entry));
  }

  /** Something was given back: it may be what another pod waits for. */
  #lookAtDeferred(): void {
    const pods = this.#options.desired()?.state.pods;
    for (const { key, record } of this.#entries.values()) {
      const pod = pods?.get(key);
      if (pod && isResizeWanted(pod, record)) this.#options.look(key);
    }
  }

  /** Pods that the board has taken and that have not ended, with what they were granted. */
  admitted(except?: PodEntry): Pod[] {
    const pods = this.#options.desired()?.state.pods;
    return [...this.#entries.values()].flatMap((entry) => {
      const { memory, record } = entry;
      const isTaken = memory.isAdmitted || record.sandboxAttempt >= 0;
      const pod = pods?.get(entry.key);
      const isPresent = isTaken && entry !== except && !record.finished && pod?.metadata.uid === entry.uid;
      return isPresent ? [granted(pod, record)] : [];
    });
  }

  #report(entry: PodEntry, pod: Pod, decision: Decision | undefined): void {
    const isGone = decision?.gone ?? false;
    const { status, record } = podStatus({
      pod,
      record: isGone ? withFinalPhase(entry.record) : entry.record,
      waiting: decision?.waiting ?? new Map(),
      resizePending:
        isGone || !isResizeWanted(pod, entry.record) ? undefined : this.#resizeProblem(entry, pod),
      resizeFailures: entry.memory.resizeFailures,
      hostAddresses: this.#options.hostAddresses(),
      nowMs: this.#options.clock.now(),
    });
    entry.record = record;
    const observed: ObservedPod = {
      key: entry.key,
      uid: entry.uid,
      status,
      terminated: isGone,
      ...(isStaticPod(pod) ? { mirror: pod } : {}),
    };
    const text = JSON.stringify(observed);
    if (text === entry.reported) return;
    entry.reported = text;
    this.#options.sink.report(observed);
  }

  async #save(entry: PodEntry): Promise<void> {
    if (entry.record === entry.saved || entry.memory.forgotten) return;
    const record = entry.record;
    await this.#options.records.save(record);
    entry.saved = record;
  }

  #entryOf(pod: Pod, key: string): PodEntry {
    const known = this.#entries.get(pod.metadata.uid);
    if (known) return known;
    const startTime = pod.status?.startTime ?? timestamp(this.#options.clock.now());
    const entry = newPodEntry({ uid: pod.metadata.uid, key }, startTime);
    this.#entries.set(entry.uid, entry);
    return entry;
  }

  /** Also for pods that the engine has and no record knows. */
  #entriesOf(key: string): PodEntry[] {
    for (const uid of this.#options.cache.uidsOf(key)) {
      if (this.#entries.has(uid)) continue;
      this.#entries.set(uid, newPodEntry({ uid, key }, timestamp(this.#options.clock.now())));
    }
    return [...this.#entries.values()].filter((entry) => entry.key === key);
  }
}

/** A pod that was deleted ends in a terminal phase, as upstream's since 1.27. */
function withFinalPhase(record: PodRecord): PodRecord {
  const containers = Object.values(record.containers);
  if (record.finished || containers.length === 0) return record;
  const hasSucceeded = containers.every((c) => c.ended?.exitCode === 0);
  return { ...record, finished: hasSucceeded ? 'Succeeded' : 'Failed' };
}
