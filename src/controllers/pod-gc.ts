// Removes pods that no board will ever answer for: bound to a board that does not exist, being deleted before any
// board had them, or being deleted on a lost board that a person has declared out of service.
// https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Node, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import { OUT_OF_SERVICE_TAINT } from '../api/taints.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { markDisrupted } from '../client/mark-disrupted.ts';
import { addNodeNameIndex, podsOnNode } from '../client/pods-on-node.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { isNodeReady } from './node-taints.ts';

/** Upstream's wait for a board that was never seen: its Node may be on the way. */
const UNKNOWN_NODE_GRACE_MS = 40_000;

const NODE_GONE = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' };

export class PodGarbageCollector implements Component {
  readonly #options: ControllerOptions;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  /** Boards that pods name and that do not exist → when we stop waiting for them. */
  readonly #missing = new Map<string, number>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#nodes = options.informers.for(nodes);
    this.#pods = options.informers.for(pods);
    this.#controller = new Controller('pod-garbage-collector', (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#nodes, {
      onAdd: (node) => this.#nodeChanged(node),
      onUpdate: (node) => this.#nodeChanged(node),
      onDelete: (node) => this.#nodeGone(keyOf(node)),
    });
    this.#controller.follows(this.#pods, {
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (pod) => this.#podChanged(pod),
    });
  }

  async start(): Promise<void> {
    addNodeNameIndex(this.#pods);
    await this.#controller.start();
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    this.#missing.clear();
  }

  #nodeChanged(node: Node): void {
    this.#missing.delete(keyOf(node));
    if (!isGivenUp(node)) return;
    for (const pod of podsOnNode(this.#pods, node.metadata.name)) this.#controller.enqueue(keyOf(pod));
  }

  /** Somebody removed the board: there is nothing to wait for. */
  #nodeGone(name: string): void {
    this.#missing.set(name, this.#options.clock.monotonicMs());
    for (const pod of podsOnNode(this.#pods, name)) this.#controller.enqueue(keyOf(pod));
  }

  #podChanged(pod: Pod): void {
    const { nodeName } = pod.spec;
    const node = this.#nodes.lister.get(nodeName ?? '');
    const isEnding = pod.metadata.deletionTimestamp !== undefined;
    const isLost = nodeName && !node;
    if (isLost || (isEnding && (!nodeName || (node && isGivenUp(node)))))
      this.#controller.enqueue(keyOf(pod));
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.lister.get(key);
    if (!pod) return undefined;
    const { nodeName } = pod.spec;
    if (!nodeName) {
      if (pod.metadata.deletionTimestamp) await this.#remove(pod);
      return undefined;
    }
    const node = this.#nodes.lister.get(nodeName);
    if (node) {
      if (pod.metadata.deletionTimestamp && isGivenUp(node)) await this.#remove(pod);
      return undefined;
    }
    const waitMs = this.#waitFor(nodeName);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    if (await this.#nodeExists(nodeName)) return undefined;
    const { client, clock } = this.#options;
    await markDisrupted(client, pod, NODE_GONE, clock.now());
    await this.#remove(pod);
    return undefined;
  }

  #waitFor(nodeName: string): number {
    const nowMs = this.#options.clock.monotonicMs();
    const until = this.#missing.get(nodeName) ?? nowMs + UNKNOWN_NODE_GRACE_MS;
    this.#missing.set(nodeName, until);
    return until - nowMs;
  }

  /** The cache may be behind, and this cannot be undone. */
  async #nodeExists(name: string): Promise<boolean> {
    try {
      await this.#options.client.get(nodes, name);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #remove(pod: Pod): Promise<void> {
    const preconditions = { uid: pod.metadata.uid };
    try {
      await this.#options.client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** A board that still speaks is believed over the taint, as upstream does. */
function isGivenUp(node: Node): boolean {
  return !isNodeReady(node) && (node.spec.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE_TAINT);
}
