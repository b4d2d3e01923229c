// Gives every pending pod a board. Decisions are made one at a time against a cache that already counts them;
// bindings run side by side. A pod that fits nowhere waits for a change of the world, never for a clock alone.
// https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
import { findCondition, withCondition } from '../api/conditions.ts';
import { nodes } from '../api/kinds/node.ts';
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { pods } from '../api/kinds/pod.ts';
import { services } from '../api/kinds/service.ts';
import { keyOf, type Node, type PersistentVolumeClaim, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { claimHolders, claimProblem, isBound } from './claims.ts';
import { podLoad } from './node-usage.ts';
import { type Placement, place } from './placement.ts';
import { SchedulerCache } from './scheduler-cache.ts';
import { asksAnew, DEFAULT_SCHEDULER, isPending, mayFitMore } from './scheduling-triggers.ts';
import { siblingsOf } from './siblings.ts';
import { UnschedulablePods } from './unschedulable-pods.ts';

export interface SchedulerOptions {
  client: Client;
  informers: InformerFactory;
  clock: Clock;
  logger: Logger;
  recorder: EventSink;
}

export class Scheduler implements Component {
  readonly #options: SchedulerOptions;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #runner: ControllerRunner;
  readonly #cache = new SchedulerCache();
  readonly #unschedulable: UnschedulablePods;
  readonly #binding = new Set<Promise<void>>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#pods = options.informers.for(pods);
    this.#nodes = options.informers.for(nodes);
    this.#claims = options.informers.for(persistentVolumeClaims);
    options.informers.for(services);
    const { clock, logger } = options;
    this.#runner = new ControllerRunner({
      name: 'scheduler',
      reconcile: (key) => this.#schedule(key),
      clock,
      logger,
    });
    this.#unschedulable = new UnschedulablePods(clock, (key, delayMs) =>
      this.#runner.enqueueAfter(key, delayMs),
    );
  }

  /** Needs the informers to be started. */
  async start(): Promise<void> {
    const informers = [this.#pods, this.#nodes, this.#claims, this.#options.informers.for(services)];
    await Promise.all(informers.map((informer) => informer.whenSynced()));
    this.#unsubscribe = [this.#followNodes(), this.#followClaims(), this.#followPods()];
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
    await Promise.all(this.#binding);
  }

  #followNodes(): () => void {
    const changed = (node: Node) => {
      this.#cache.setNode(node);
      this.#unschedulable.retryAll();
    };
    return this.#nodes.subscribe({
      onAdd: changed,
      onUpdate: (node, previous) => {
        this.#cache.setNode(node);
        if (mayFitMore(node, previous)) this.#unschedulable.retryAll();
      },
      onDelete: (node) => this.#cache.removeNode(node.metadata.name),
    });
  }

  #followClaims(): () => void {
    return this.#claims.subscribe({
      onAdd: () => this.#unschedulable.retryAll(),
      onUpdate: (claim, previous) => {
        if (isBound(claim) !== isBound(previous)) this.#unschedulable.retryAll();
      },
    });
  }

  #followPods(): () => void {
    return this.#pods.subscribe({
      onAdd: (pod) => this.#follow(pod, undefined),
      onUpdate: (pod, previous) => this.#follow(pod, previous),
      onDelete: (pod) => {
        this.#cache.removePod(pod.metadata.uid);
        this.#unschedulable.forget(keyOf(pod));
        if (pod.spec.nodeName) this.#unschedulable.retryAll();
      },
    });
  }

  #follow(pod: Pod, previous: Pod | undefined): void {
    const wasPlaced = this.#cache.isPlaced(pod.metadata.uid);
    this.#cache.setPod(pod);
    if (isPending(pod)) {
      if (!previous || asksAnew(pod, previous)) this.#runner.enqueue(keyOf(pod));
      return;
    }
    this.#unschedulable.forget(keyOf(pod));
    if (wasPlaced && !this.#cache.isPlaced(pod.metadata.uid)) this.#unschedulable.retryAll();
  }

  async #schedule(key: string): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (!pod || !isPending(pod) || this.#cache.isPlaced(pod.metadata.uid)) return;
    const placement = this.#place(pod);
    if ('nodeName' in placement) {
      this.#bind(key, pod, placement.nodeName);
      return;
    }
    // Noted before the write below: a change that comes while we write must not be missed.
    this.#unschedulable.add(key);
    await this.#reportUnschedulable(key, pod, placement.unschedulable);
  }

  #place(pod: Pod): Placement {
    const usages = this.#cache.usages();
    const claimOf = (key: string) => this.#claims.lister.get(key);
    const problem = claimProblem(pod, claimOf);
    if (problem) return { unschedulable: `0/${usages.length} nodes are available: ${problem}.` };
    const load = { ...podLoad(pod), claimHolders: claimHolders(pod, usages, claimOf) };
    return place(load, usages, siblingsOf(pod, this.#servicesOf(pod)));
  }

  #servicesOf(pod: Pod) {
    return this.#options.informers.for(services).lister.inNamespace(pod.metadata.namespace ?? '');
  }

  /** Does not wait: bindings of many pods share the store's next commit. */
  #bind(key: string, pod: Pod, nodeName: string): void {
    this.#cache.assume(pod, nodeName);
    const binding = this.#bindAndReport(key, pod, nodeName).finally(() => this.#binding.delete(binding));
    this.#binding.add(binding);
  }

  async #bindAndReport(key: string, pod: Pod, nodeName: string): Promise<void> {
    const { client, recorder, logger } = this.#options;
    try {
      await client.bind(key, nodeName);
    } catch (error) {
      this.#cache.forget(pod.metadata.uid);
      // Gone or bound by somebody else: the informer brings the news.
      if (isNotFound(error) || isConflict(error)) return;
      logger.warn({ err: error, pod: key, node: nodeName }, 'binding failed, trying again');
      this.#unschedulable.add(key);
      this.#unschedulable.retry(key);
      return;
    }
    this.#unschedulable.forget(key);
    recorder.record({
      object: pod,
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${key} to ${nodeName}`,
      component: DEFAULT_SCHEDULER,
    });
  }

  async #reportUnschedulable(key: string, pod: Pod, message: string): Promise<void> {
    const { client, clock, recorder } = this.#options;
    recorder.record({
      object: pod,
      type: 'Warning',
      reason: 'FailedScheduling',
      message,
      component: DEFAULT_SCHEDULER,
    });
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const known = findCondition(pod.status?.conditions, 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const conditions = withCondition(pod.status?.conditions, condition, clock.now());
    const body = {
      metadata: { uid: pod.metadata.uid },
      status: { conditions: conditions.filter(({ type }) => type === 'PodScheduled') },
    };
    try {
      await client.patch(pods, key, { type: 'strategic', body }, 'status');
    } catch (error) {
      // Deleted (and perhaps made again) meanwhile: its successor is looked at by itself.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
