// Keeps as many pods of each ReplicationController or ReplicaSet as it asks for: adopts and releases, makes and
// deletes. https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { nextAvailableMs } from './availability.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { OwnedPods } from './owned-pods.ts';
import { ownersConcerned } from './owner-lookup.ts';
import { controllerOf, isTerminating } from './pod-state.ts';
import { decideReplicas } from './replica-decision.ts';
import { type ReplicaKind, type ReplicaOwner, selectorOf } from './replica-owner.ts';
import { replicaPod } from './replica-pod.ts';
import { type CountedPods, type ReplicaFailure, replicaStatus, sameReplicaStatus } from './replica-status.ts';
import { slowStart } from './slow-start.ts';
import { isNamespaceTerminating } from './workload-failure.ts';

/** Owners worked on at a time: their writes share the store's commits. */
const WORKERS = 4;

export interface ReplicaLoopOptions<T extends ReplicaOwner> extends ControllerOptions {
  replicaKind: ReplicaKind<T>;
}

export class ReplicaLoop<T extends ReplicaOwner> implements Component {
  readonly #options: ReplicaLoopOptions<T>;
  readonly #owners: Informer<T>;
  readonly #pods: OwnedPods<T>;
  readonly #controller: Controller;

  constructor(options: ReplicaLoopOptions<T>) {
    const { kind, component } = options.replicaKind;
    this.#options = options;
    this.#owners = options.informers.for(kind);
    this.#pods = new OwnedPods<T>(options, { kind, selectorOf });
    this.#controller = new Controller(component, (key) => this.#reconcile(key), options, WORKERS);
    this.#controller.follows(
      this.#owners,
      onAnyChange((owner) => this.#controller.enqueue(keyOf(owner))),
    );
    this.#controller.follows(
      options.informers.for(pods),
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
    const owners = { kind: this.#kind, informer: this.#owners, selectorOf };
    for (const key of ownersConcerned(owners, pod, previous)) this.#controller.enqueue(key);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const owner = this.#owners.lister.get(key);
    if (!owner) return undefined;
    const decision = this.#decide(owner, this.#pods.beside(owner));
    await this.#pods.write(owner, decision);
    const failure =
      (await this.#create(owner, decision.create)) ?? (await this.#remove(owner, decision.remove));
    const beside = this.#pods.beside(owner);
    const { active } = this.#decide(owner, beside);
    await this.#writeStatus(owner, this.#counted(owner, active, beside), failure?.shown);
    if (failure) throw failure.error;
    const requeueAfterMs = nextAvailableMs(
      active,
      owner.spec.minReadySeconds ?? 0,
      this.#options.clock.now(),
    );
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  #decide(owner: T, beside: readonly Pod[]) {
    return decideReplicas(owner, beside, this.#siblings(owner));
  }

  #counted({ metadata }: T, active: readonly Pod[], beside: readonly Pod[]): CountedPods {
    if (!this.#options.replicaKind.showsTerminating) return { active };
    const isGoing = (pod: Pod) => isTerminating(pod) && controllerOf(pod)?.uid === metadata.uid;
    return { active, terminating: beside.filter(isGoing).length };
  }

  /** The uids of all owners that work for the same Deployment. */
  #siblings(owner: T): Set<string> {
    const employer = controllerOf(owner)?.uid;
    if (employer === undefined) return new Set([owner.metadata.uid]);
    const all = this.#owners.lister.inNamespace(owner.metadata.namespace ?? '');
    const colleagues = all.filter((other) => controllerOf(other)?.uid === employer);
    return new Set([owner, ...colleagues].map(({ metadata }) => metadata.uid));
  }

  get #kind() {
    return this.#options.replicaKind.kind;
  }

  async #create(owner: T, count: number): Promise<Failure | undefined> {
    const { error } = await slowStart(count, async () => {
      const pod = await this.#pods.create(replicaPod(owner));
      this.#record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    if (error === undefined || isNamespaceTerminating(error)) return undefined;
    const message = messageOf(error);
    this.#record(owner, 'Warning', 'FailedCreate', `Error creating: ${message}`);
    return { error, shown: { reason: 'FailedCreate', message } };
  }

  async #remove(owner: T, remove: readonly Pod[]): Promise<Failure | undefined> {
    const results = await Promise.allSettled(remove.map((pod) => this.#removeOne(owner, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    if (!failed) return undefined;
    const message = messageOf(failed.reason);
    this.#record(owner, 'Warning', 'FailedDelete', `Error deleting: ${message}`);
    return { error: failed.reason, shown: { reason: 'FailedDelete', message } };
  }

  async #removeOne(owner: T, pod: Pod): Promise<void> {
    if (!(await this.#pods.delete(pod))) return;
    this.#record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }

  async #writeStatus(owner: T, counted: CountedPods, failure: ReplicaFailure | undefined): Promise<void> {
    const status = replicaStatus(owner, counted, failure, this.#options.clock.now());
    if (sameReplicaStatus(owner.status, status)) return;
    try {
      await this.#options.client.updateStatus(this.#kind, { ...owner, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #record(owner: T, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { component } = this.#options.replicaKind;
    this.#options.recorder.record({ object: owner, type, reason, message, component });
  }
}

interface Failure {
  error: unknown;
  shown: ReplicaFailure;
}
