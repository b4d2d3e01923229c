// Gives every pending pod a board. Decisions are made one at a time against a cache that already counts them;
// bindings run side by side. A pod that fits nowhere waits for a change of the world, never for a clock alone.
// https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { podLoad } from './node-usage.ts';
import { type Placement, type PlacementInput, place, type Refusal } from './placement.ts';
import { PodReports } from './pod-reports.ts';
import { preempt, type Victims } from './preemption.ts';
import { SchedulerCache } from './scheduler-cache.ts';
import { type SchedulerInformers, schedulerInformers, storageView } from './scheduler-informers.ts';
import { SchedulingQueue } from './scheduling-queue.ts';
import { siblingsOf } from './siblings.ts';
import { VolumeBinder } from './volume-binder.ts';
import { isGated, isPending } from './wake-ups.ts';
import type { StorageView } from './world.ts';
import { WorldEvents } from './world-events.ts';

export interface SchedulerOptions {
  client: Client;
  informers: InformerFactory;
  clock: Clock;
  logger: Logger;
  recorder: EventSink;
}

export class Scheduler implements Component {
  readonly #options: SchedulerOptions;
  readonly #informers: SchedulerInformers;
  readonly #cache = new SchedulerCache();
  readonly #reports: PodReports;
  readonly #storage: StorageView;
  readonly #volumes: VolumeBinder;
  /** Bindings and reports under way. */
  readonly #writes = new Set<Promise<void>>();
  #queue: SchedulingQueue;
  #running: { leave(): void; loop: Promise<void>; abort: AbortController } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#informers = schedulerInformers(options.informers);
    this.#reports = new PodReports(options);
    this.#storage = storageView(this.#informers, (name) => this.#volumes.chosenFor(name));
    this.#volumes = new VolumeBinder({ ...options, claims: this.#informers.claims, storage: this.#storage });
    this.#queue = new SchedulingQueue(options.clock);
  }

  /** Needs the informers to be started. */
  async start(): Promise<void> {
    await Promise.all(Object.values(this.#informers).map((informer) => informer.whenSynced()));
    const leave = new WorldEvents(this.#cache, this.#queue).follow(this.#informers);
    this.#running = { leave, loop: this.#run(this.#queue), abort: new AbortController() };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.leave();
    running?.abort.abort();
    this.#queue.shutDown();
    await running?.loop;
    await Promise.all(this.#writes);
    this.#queue = new SchedulingQueue(this.#options.clock);
  }

  async #run(queue: SchedulingQueue): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        this.#schedule(key);
      } catch (error) {
        this.#options.logger.warn({ err: error, pod: key }, 'scheduling failed, trying again');
        queue.retry(key);
      }
      // A thousand pods at once must not hold up what the boards have to say.
      await nextTurn();
    }
  }

  #schedule(key: string): void {
    const pod = this.#informers.pods.lister.get(key);
    if (!pod || !isPending(pod) || isGated(pod) || this.#cache.isPlaced(pod.metadata.uid)) {
      this.#queue.forget(key);
      return;
    }
    const input = this.#look(pod);
    const placement: Placement = place(input);
    if ('nodeName' in placement) this.#bind(key, pod, placement.nodeName);
    else this.#refuse(key, pod, input, placement.refusal);
  }

  #look(pod: Pod): Required<PlacementInput> {
    const { namespaces, services } = this.#informers;
    const load = podLoad(pod);
    const world = this.#cache.world({
      storage: this.#storage,
      namespaceLabels: (name) => namespaces.lister.get(name)?.metadata.labels ?? {},
    });
    const siblings = siblingsOf(pod, services.lister.inNamespace(pod.metadata.namespace ?? ''));
    return { load, world, siblings, nominated: this.#cache.nominatedBefore(load) };
  }

  /** Parked before anything is written: a change that comes while we write must not be missed. */
  #refuse(key: string, pod: Pod, input: Required<PlacementInput>, refusal: Refusal): void {
    this.#queue.park(key, refusal.filters);
    const { message, boardCount } = refusal;
    if (boardCount === 0) {
      this.#write(key, this.#reports.unschedulable(pod, message));
      return;
    }
    const preemption = preempt({ ...input, refusal, budgets: this.#informers.budgets.lister.list() });
    if ('victims' in preemption) {
      this.#write(key, this.#makeRoom(pod, message, preemption.victims));
      return;
    }
    const nominated = preemption.stillClearing ? undefined : '';
    const full = `${message} preemption: ${preemption.message}`;
    this.#write(key, this.#reports.unschedulable(pod, full, nominated));
  }

  async #makeRoom(pod: Pod, message: string, { nodeName, pods }: Victims): Promise<void> {
    const losers = this.#cache.nominatedBelow(nodeName, pod.spec.priority ?? 0);
    this.#cache.nominate(pod, nodeName);
    for (const loser of losers) {
      this.#cache.nominate(loser, undefined);
      await this.#reports.notNominated(loser);
    }
    await Promise.all(pods.map((victim) => this.#reports.preempt(victim.pod, pod, nodeName)));
    await this.#reports.unschedulable(pod, message, nodeName);
    // With nobody in the way it may go there at once.
    if (pods.length === 0) this.#queue.wake('room');
  }

  /** Does not wait: bindings of many pods share the store's next commit. */
  #bind(key: string, pod: Pod, nodeName: string): void {
    this.#cache.assume(pod, nodeName);
    this.#cache.nominate(pod, undefined);
    this.#track(this.#bindAndReport(key, pod, nodeName));
  }

  async #bindAndReport(key: string, pod: Pod, nodeName: string): Promise<void> {
    const { client, logger } = this.#options;
    let plugin = 'PreBind plugin "VolumeBinding"';
    try {
      await this.#bindVolumes(pod, nodeName);
      plugin = 'Bind plugin "DefaultBinder"';
      await client.bind(key, nodeName);
    } catch (error) {
      this.#cache.forget(pod.metadata.uid);
      this.#queue.wake('room');
      // Gone or bound by somebody else: the informer brings the news.
      if (isNotFound(error) || (isConflict(error) && !this.#isStillPending(key))) return;
      logger.warn({ err: error, pod: key, node: nodeName }, 'binding failed, trying again');
      this.#queue.retry(key);
      this.#write(key, this.#reports.failed(pod, `running ${plugin}: ${messageOf(error)}`));
      return;
    }
    this.#queue.forget(key);
    this.#reports.scheduled(pod, nodeName);
  }

  async #bindVolumes(pod: Pod, nodeName: string): Promise<void> {
    const node = this.#informers.nodes.lister.get(nodeName);
    const signal = this.#running?.abort.signal;
    if (!node || !signal) throw new Error(`board ${nodeName} has gone`);
    await this.#volumes.bind(pod, node, signal);
  }

  #isStillPending(key: string): boolean {
    const pod = this.#informers.pods.lister.get(key);
    return pod !== undefined && isPending(pod);
  }

  /** A report that could not be written is made again with the next attempt. */
  #write(key: string, write: Promise<void>): void {
    const { logger } = this.#options;
    this.#track(
      write.catch((error: unknown) => {
        logger.warn({ err: error, pod: key }, 'could not report on a pod, trying again');
        this.#queue.retry(key);
      }),
    );
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#writes.delete(tracked));
    this.#writes.add(tracked);
  }
}
