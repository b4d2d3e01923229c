// Deletes the pods that do not tolerate their board's NoExecute taints, when their time is over.
// While no board at all is ready nothing is evicted: then it is the master that is cut off, not the boards. While
// most boards are lost, and while the master has only just started, lost boards keep their pods for a while longer.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Node, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import { UNREACHABLE_TAINT } from '../api/taints.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { markDisrupted } from '../client/mark-disrupted.ts';
import { addNodeNameIndex, podsOnNode } from '../client/pods-on-node.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { evictionDueMs, type StandingTaint } from './eviction-decision.ts';
import {
  type DisruptionPolicy,
  type DisruptionRecord,
  defaultDisruptionPolicy,
  heldUntilMs,
  nextRecord,
} from './node-disruption.ts';
import { isLifecycleTaint, isNodeReady } from './node-taints.ts';

const COMPONENT = 'taint-eviction-controller';
const TAINTED = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};
/** Replacements start at once, so a board that comes back need not be gentle with what it still runs. */
const UNREACHABLE_GRACE_SECONDS = 2;

export interface TaintEvictionOptions extends ControllerOptions {
  disruption?: DisruptionPolicy | undefined;
}

export class TaintEvictionController implements Component {
  readonly #options: TaintEvictionOptions;
  readonly #policy: DisruptionPolicy;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  /** Node name → `uid key=value` of each NoExecute taint → since when it stands. */
  readonly #standing = new Map<string, Map<string, number>>();
  /** Node name → keys of its pods whose time runs. */
  readonly #awaited = new Map<string, ReadonlySet<string>>();
  #disruption: DisruptionRecord | undefined;
  #startedMs = 0;

  constructor(options: TaintEvictionOptions) {
    this.#options = options;
    this.#policy = options.disruption ?? defaultDisruptionPolicy;
    this.#nodes = options.informers.for(nodes);
    this.#pods = options.informers.for(pods);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#nodes, {
      onAdd: (node) => this.#controller.enqueue(keyOf(node)),
      onUpdate: (node, previous) => this.#nodeChanged(node, previous),
      onDelete: (node) => this.#nodeChanged(node, undefined),
    });
    this.#controller.follows(this.#pods, {
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (pod) => this.#podChanged(pod),
    });
  }

  async start(): Promise<void> {
    addNodeNameIndex(this.#pods);
    this.#startedMs = this.#options.clock.monotonicMs();
    await this.#controller.start();
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    this.#standing.clear();
    this.#awaited.clear();
    this.#disruption = undefined;
  }

  /** The first board to return, or the last to go, decides for all. */
  #nodeChanged(node: Node, previous: Node | undefined): void {
    this.#controller.enqueue(keyOf(node));
    if (previous && isNodeReady(node) === isNodeReady(previous)) return;
    for (const other of this.#nodes.lister.list()) {
      if (noExecuteTaints(other).length > 0) this.#controller.enqueue(keyOf(other));
    }
  }

  #podChanged(pod: Pod): void {
    const node = this.#nodes.lister.get(pod.spec.nodeName ?? '');
    const isOver = pod.metadata.deletionTimestamp !== undefined;
    if (node && !isOver && noExecuteTaints(node).length > 0) this.#controller.enqueue(keyOf(node));
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const node = this.#nodes.lister.get(name);
    const standing = this.#standingTaints(name, node);
    if (!node || standing.length === 0) return this.#await(name, new Set());
    const nowMs = this.#options.clock.monotonicMs();
    const heldMs = this.#heldUntilMs(name, nowMs);
    let nextMs = Number.POSITIVE_INFINITY;
    const over: Pod[] = [];
    const awaited = new Set<string>();
    for (const pod of podsOnNode(this.#pods, name)) {
      if (pod.metadata.deletionTimestamp) continue;
      const due = evictionDueMs(pod, standing, heldMs);
      if (due === undefined) continue;
      if (due <= nowMs) over.push(pod);
      else nextMs = Math.min(nextMs, due);
      awaited.add(keyOf(pod));
    }
    this.#await(name, awaited);
    const isUnreachable = standing.some(({ taint }) => taint.key === UNREACHABLE_TAINT);
    await Promise.all(over.map((pod) => this.#evict(pod, isUnreachable)));
    return Number.isFinite(nextMs) ? { requeueAfterMs: nextMs - nowMs } : undefined;
  }

  /** Tells of the pods whose time ran before, that are still there, and that may stay now. */
  #await(name: string, awaited: ReadonlySet<string>): undefined {
    for (const key of this.#awaited.get(name) ?? []) {
      const pod = awaited.has(key) ? undefined : this.#pods.lister.get(key);
      if (pod?.spec.nodeName === name && !pod.metadata.deletionTimestamp) {
        this.#tell(pod, `Cancelling deletion of Pod ${key}`);
      }
    }
    if (awaited.size > 0) this.#awaited.set(name, awaited);
    else this.#awaited.delete(name);
  }

  #tell(pod: Pod, message: string): void {
    const reason = 'TaintManagerEviction';
    this.#options.recorder.record({ object: pod, type: 'Normal', reason, message, component: COMPONENT });
  }

  /** Only what follows from a board's state is held back; a person's taint means what it says. */
  #heldUntilMs(name: string, nowMs: number): number {
    this.#disruption = nextRecord(this.#disruption, this.#nodes.lister.list(), this.#policy, nowMs);
    const startMs = this.#startedMs + this.#policy.startGraceMs;
    return Math.max(startMs, heldUntilMs(name, this.#disruption, this.#policy));
  }

  /** Remembers since when each taint stands; one that goes, or that does not count now, starts anew later. */
  #standingTaints(name: string, node: Node | undefined): StandingTaint[] {
    const isCutOff = !this.#nodes.lister.list().some(isNodeReady);
    const counting = node ? noExecuteTaints(node).filter((t) => !(isCutOff && isLifecycleTaint(t))) : [];
    if (!node || counting.length === 0) {
      this.#standing.delete(name);
      return [];
    }
    const known = this.#standing.get(name);
    const nowMs = this.#options.clock.monotonicMs();
    const standing = counting.map((taint) => {
      const id = `${node.metadata.uid} ${taint.key}=${taint.value ?? ''}`;
      return { id, taint, sinceMs: known?.get(id) ?? nowMs };
    });
    this.#standing.set(name, new Map(standing.map(({ id, sinceMs }) => [id, sinceMs])));
    return standing;
  }

  async #evict(pod: Pod, isUnreachable: boolean): Promise<void> {
    const own = pod.spec.terminationGracePeriodSeconds ?? UNREACHABLE_GRACE_SECONDS;
    const grace = isUnreachable ? { gracePeriodSeconds: Math.min(own, UNREACHABLE_GRACE_SECONDS) } : {};
    const { client, clock } = this.#options;
    try {
      await markDisrupted(client, pod, TAINTED, clock.now());
      const preconditions = { uid: pod.metadata.uid };
      await client.delete(pods, keyOf(pod), { preconditions, ...grace });
    } catch (error) {
      // Gone, or another pod of that name by now: nothing is left to evict.
      if (isNotFound(error) || isConflict(error)) return;
      throw error;
    }
    this.#tell(pod, `Marking for deletion Pod ${keyOf(pod)}`);
  }
}

function noExecuteTaints(node: Node) {
  return (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}
