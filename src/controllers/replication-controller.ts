// Keeps as many pods of each ReplicationController as it asks for: adopts and releases, makes and deletes.
// https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/
import { pods } from '../api/kinds/pod.ts';
import { replicationControllers } from '../api/kinds/replication-controller.ts';
import { keyOf, type Pod, type ReplicationController } from '../api/objects.ts';
import { isNotFound, StatusError } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { controllerOf } from './pod-state.ts';
import { decideReplicas, selects } from './replica-decision.ts';
import { controllerReference, replicaPod } from './replica-pod.ts';
import {
  nextAvailableInMs,
  type ReplicaFailure,
  replicaStatus,
  sameReplicaStatus,
} from './replica-status.ts';
import { slowStart } from './slow-start.ts';

const COMPONENT = 'replication-controller';
/** Controllers worked on at a time: their writes share the store's commits. */
const WORKERS = 4;

export class ReplicationControllerLoop implements Component {
  readonly #options: ControllerOptions;
  readonly #rcs: Informer<ReplicationController>;
  readonly #written: WrittenObjects<Pod>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#rcs = options.informers.for(replicationControllers);
    const podInformer = options.informers.for(pods);
    this.#written = new WrittenObjects(podInformer);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options, WORKERS);
    this.#controller.follows(
      this.#rcs,
      onAnyChange((rc) => this.#controller.enqueue(keyOf(rc))),
    );
    this.#controller.follows(
      podInformer,
      onAnyChange((pod, previous) => this.#podChanged(pod, previous)),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #podChanged(pod: Pod, previous: Pod | undefined): void {
    const namespace = pod.metadata.namespace ?? '';
    for (const version of [pod, previous]) {
      const owner = version && controllerOf(version);
      if (owner?.kind === 'ReplicationController') this.#controller.enqueue(`${namespace}/${owner.name}`);
    }
    if (controllerOf(pod)) return;
    // An orphan may be wanted by whoever selects it.
    for (const rc of this.#rcs.lister.inNamespace(namespace)) {
      if (selects(rc, pod)) this.#controller.enqueue(keyOf(rc));
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const rc = this.#rcs.lister.get(key);
    if (!rc) return undefined;
    const decision = decideReplicas(rc, this.#written.list(rc.metadata.namespace ?? ''));
    await this.#claim(rc, decision.adopt, decision.release);
    const failure = (await this.#create(rc, decision.create)) ?? (await this.#remove(rc, decision.remove));
    const active = decideReplicas(rc, this.#written.list(rc.metadata.namespace ?? '')).active;
    await this.#writeStatus(rc, active, failure?.shown);
    if (failure) throw failure.error;
    const requeueAfterMs = nextAvailableInMs(rc, active, this.#options.clock.now());
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  async #claim(rc: ReplicationController, adopt: readonly Pod[], release: readonly Pod[]): Promise<void> {
    if (adopt.length > 0) await this.#checkStillThere(rc);
    for (const pod of adopt) {
      await this.#setOwners(pod, [...(pod.metadata.ownerReferences ?? []), controllerReference(rc)]);
    }
    for (const pod of release) {
      const others = (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== rc.metadata.uid);
      await this.#setOwners(pod, others);
    }
  }

  /** The cache may be behind: a controller that is going must not take pods with it. */
  async #checkStillThere(rc: ReplicationController): Promise<void> {
    const fresh = await this.#options.client.get(replicationControllers, keyOf(rc));
    if (fresh.metadata.uid !== rc.metadata.uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`replicationcontroller ${keyOf(rc)} is being deleted or was replaced`);
    }
  }

  /** The revision guards against another controller that claims the pod at the same time. */
  async #setOwners(pod: Pod, ownerReferences: Pod['metadata']['ownerReferences']): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    const body = { metadata: { uid, resourceVersion, ownerReferences } };
    try {
      this.#written.wrote(await this.#options.client.patch(pods, keyOf(pod), { type: 'merge', body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #create(rc: ReplicationController, count: number): Promise<Failure | undefined> {
    const { error } = await slowStart(count, async () => {
      const pod = await this.#options.client.create(pods, replicaPod(rc));
      this.#written.wrote(pod);
      this.#record(rc, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    if (error === undefined || isNamespaceTerminating(error)) return undefined;
    const message = error instanceof Error ? error.message : String(error);
    this.#record(rc, 'Warning', 'FailedCreate', `Error creating: ${message}`);
    return { error, shown: { reason: 'FailedCreate', message } };
  }

  async #remove(rc: ReplicationController, remove: readonly Pod[]): Promise<Failure | undefined> {
    const results = await Promise.allSettled(remove.map((pod) => this.#removeOne(rc, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    if (!failed) return undefined;
    const message = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
    this.#record(rc, 'Warning', 'FailedDelete', `Error deleting: ${message}`);
    return { error: failed.reason, shown: { reason: 'FailedDelete', message } };
  }

  async #removeOne(rc: ReplicationController, pod: Pod): Promise<void> {
    const { uid, name } = pod.metadata;
    try {
      await this.#options.client.delete(pods, keyOf(pod), { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    this.#written.deleted(pod);
    this.#record(rc, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  }

  async #writeStatus(
    rc: ReplicationController,
    active: readonly Pod[],
    failure: ReplicaFailure | undefined,
  ): Promise<void> {
    const status = replicaStatus(rc, active, failure, this.#options.clock.now());
    if (sameReplicaStatus(rc.status, status)) return;
    try {
      await this.#options.client.updateStatus(replicationControllers, { ...rc, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #record(rc: ReplicationController, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object: rc, type, reason, message, component: COMPONENT });
  }
}

interface Failure {
  error: unknown;
  shown: ReplicaFailure;
}

/** Nothing is to be made in a namespace that goes; trying again would only make noise. */
function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
}
