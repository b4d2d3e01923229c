// Keeps one pod of each DaemonSet on every board that should have one, and rolls new templates out.
// https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
import { controllerRevisions } from '../api/kinds/controller-revision.ts';
import { daemonSets } from '../api/kinds/daemon-set.ts';
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { type ControllerRevision, type DaemonSet, keyOf, type Node, type Pod } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { nextAvailableMs } from './availability.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { type Board, boardsOf, podsOfMissingBoards } from './daemon-boards.ts';
import { decideDaemons } from './daemon-decision.ts';
import { daemonPod, targetNode } from './daemon-pod.ts';
import { daemonStatus, sameDaemonStatus } from './daemon-status.ts';
import { decideDaemonUpdate } from './daemon-update.ts';
import { EndedDaemons } from './ended-daemons.ts';
import { OwnedPods } from './owned-pods.ts';
import { ownerKeyOf, ownersConcerned } from './owner-lookup.ts';
import { RevisionHistory } from './revision-history.ts';
import { slowStart } from './slow-start.ts';
import { REVISION_LABEL } from './template-revision.ts';
import { firstFailure, isNamespaceTerminating } from './workload-failure.ts';
import { selectorOf } from './workload-owner.ts';

const COMPONENT = 'daemonset-controller';
/** Upstream's limit of pods made or deleted in one go. */
const BURST_REPLICAS = 250;

export class DaemonSetController implements Component {
  readonly #options: ControllerOptions;
  readonly #daemonSets: Informer<DaemonSet>;
  readonly #nodes: Informer<Node>;
  readonly #pods: OwnedPods<DaemonSet>;
  readonly #history: RevisionHistory<DaemonSet>;
  readonly #ended: EndedDaemons;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#daemonSets = options.informers.for(daemonSets);
    this.#nodes = options.informers.for(nodes);
    const podInformer = options.informers.for(pods);
    this.#pods = new OwnedPods(options, { kind: daemonSets, selectorOf });
    this.#history = new RevisionHistory(options, daemonSets, REVISION_LABEL);
    this.#ended = new EndedDaemons(options.clock);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    const changed = (daemonSet: DaemonSet) => this.#controller.enqueue(keyOf(daemonSet));
    this.#controller.follows(this.#daemonSets, {
      onAdd: changed,
      onUpdate: changed,
      onDelete: ({ metadata }) => this.#ended.forget(metadata.uid),
    });
    this.#controller.follows(
      podInformer,
      onAnyChange((pod, previous) => this.#podChanged(pod, previous)),
    );
    this.#controller.follows(
      options.informers.for(controllerRevisions),
      onAnyChange((revision) => this.#revisionChanged(revision)),
    );
    this.#controller.follows(this.#nodes, {
      onAdd: () => this.#lookAtAll(),
      onUpdate: (node, previous) => {
        if (mayFitOtherwise(node, previous)) this.#lookAtAll();
      },
      onDelete: () => this.#lookAtAll(),
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** A person may have deleted or changed one. */
  #revisionChanged(revision: ControllerRevision): void {
    const owner = ownerKeyOf(daemonSets, revision);
    if (owner !== undefined) this.#controller.enqueue(owner);
  }

  #lookAtAll(): void {
    for (const daemonSet of this.#daemonSets.lister.list()) this.#controller.enqueue(keyOf(daemonSet));
  }

  #podChanged(pod: Pod, previous: Pod | undefined): void {
    const owners = { kind: daemonSets, informer: this.#daemonSets, selectorOf };
    for (const key of ownersConcerned(owners, pod, previous)) this.#controller.enqueue(key);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const daemonSet = this.#daemonSets.lister.get(key);
    if (!daemonSet || daemonSet.metadata.deletionTimestamp) return undefined;
    const hash = this.#history.hashOf(await this.#history.latest(daemonSet));
    await this.#pods.claim(daemonSet);
    const failure = (await this.#manage(daemonSet, hash)) ?? (await this.#rollOut(daemonSet, hash));
    await this.#trimHistory(daemonSet, hash);
    await this.#writeStatus(daemonSet, hash);
    if (failure !== undefined) throw failure;
    const { minReadySeconds = 0 } = daemonSet.spec;
    const requeueAfterMs = nextAvailableMs(this.#pods.of(daemonSet), minReadySeconds, this.#now);
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #boards(daemonSet: DaemonSet): Board[] {
    return boardsOf(daemonSet, this.#nodes.lister.list(), this.#pods.of(daemonSet));
  }

  /** Resolves to the first error; the rest is done all the same. */
  async #manage(daemonSet: DaemonSet, hash: string): Promise<unknown> {
    const { create, remove, ended } = decideDaemons(daemonSet, this.#boards(daemonSet), hash, this.#now);
    const lost = podsOfMissingBoards(this.#nodes.lister.list(), this.#pods.of(daemonSet));
    const due = ended.filter((pod) => this.#isDue(daemonSet, pod));
    for (const pod of due) this.#tellEnded(daemonSet, pod);
    return this.#carryOut(daemonSet, hash, { create, remove: [...remove, ...lost, ...due] });
  }

  async #rollOut(daemonSet: DaemonSet, hash: string): Promise<unknown> {
    if (daemonSet.spec.updateStrategy?.type !== 'RollingUpdate') return undefined;
    const step = decideDaemonUpdate(daemonSet, this.#boards(daemonSet), hash, this.#now);
    return this.#carryOut(daemonSet, hash, step);
  }

  /** One that has to wait brings its DaemonSet back by itself. */
  #isDue(daemonSet: DaemonSet, pod: Pod): boolean {
    const waitMs = this.#ended.waitMs(daemonSet.metadata.uid, targetNode(pod) ?? '');
    if (waitMs > 0) this.#controller.enqueueAfter(keyOf(daemonSet), waitMs);
    return waitMs === 0;
  }

  #tellEnded(daemonSet: DaemonSet, pod: Pod): void {
    const on = `pod ${keyOf(pod)} on node ${targetNode(pod)}`;
    if (pod.status?.phase === 'Failed') {
      const message = `Found failed daemon ${on}, will try to kill it`;
      this.#record(daemonSet, 'Warning', 'FailedDaemonPod', message);
    } else {
      const message = `Found succeeded daemon ${on}, will try to delete it`;
      this.#record(daemonSet, 'Normal', 'SucceededDaemonPod', message);
    }
  }

  async #carryOut(
    daemonSet: DaemonSet,
    hash: string,
    { create, remove }: { create: readonly string[]; remove: readonly Pod[] },
  ): Promise<unknown> {
    const boards = create.slice(0, BURST_REPLICAS).values();
    const { error } = await slowStart(Math.min(create.length, BURST_REPLICAS), async () => {
      const pod = await this.#pods.create(daemonPod(daemonSet, boards.next().value ?? '', hash));
      this.#record(daemonSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    const refused = error === undefined || isNamespaceTerminating(error) ? undefined : error;
    if (refused !== undefined) {
      this.#record(daemonSet, 'Warning', 'FailedCreate', `Error creating: ${messageOf(refused)}`);
    }
    const kept = await firstFailure(
      remove.slice(0, BURST_REPLICAS).map((pod) => this.#remove(daemonSet, pod)),
    );
    return refused ?? kept;
  }

  async #remove(daemonSet: DaemonSet, pod: Pod): Promise<void> {
    try {
      if (!(await this.#pods.delete(pod))) return;
    } catch (error) {
      this.#record(daemonSet, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
    this.#record(daemonSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }

  async #trimHistory(daemonSet: DaemonSet, hash: string): Promise<void> {
    const inUse = new Set(
      this.#pods.of(daemonSet).map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? ''),
    );
    await this.#history.trim(daemonSet, (revision) => {
      const own = this.#history.hashOf(revision);
      return own === hash || inUse.has(own);
    });
  }

  async #writeStatus(daemonSet: DaemonSet, hash: string): Promise<void> {
    const status = daemonStatus(daemonSet, this.#boards(daemonSet), hash, this.#now);
    if (sameDaemonStatus(daemonSet.status, status)) return;
    try {
      await this.#options.client.updateStatus(daemonSets, { ...daemonSet, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #record(daemonSet: DaemonSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object: daemonSet, type, reason, message, component: COMPONENT });
  }
}

/** Whether a board may now suit, or no longer suit, some DaemonSet: heartbeats wake nobody. */
function mayFitOtherwise(node: Node, previous: Node): boolean {
  const facts = ({ metadata, spec }: Node) => JSON.stringify([metadata.uid, metadata.labels, spec.taints]);
  return facts(node) !== facts(previous);
}
