// Brings the pods of each Deployment to its newest template through ReplicaSets, one per template: the rollout's next
// step is decided by pure functions, done, and shown in the status; what comes of it wakes the loop again.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
import { isDeepStrictEqual } from 'node:util';
import { deployments } from '../api/kinds/deployment.ts';
import { pods } from '../api/kinds/pod.ts';
import { replicaSets } from '../api/kinds/replica-set.ts';
import { selectorFromObject } from '../api/label-selector.ts';
import { type Deployment, keyOf, type Pod, type ReplicaSet } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { type Claims, ClaimWriter, claimsOf } from './claims.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { isComplete, nextDeadlineInMs } from './deployment-progress.ts';
import { forgottenSets, type Rollout, refreshedNewSet, rolloutOf } from './deployment-revisions.ts';
import { isRollbackWanted, rollbackOf } from './deployment-rollback.ts';
import { type RolloutStep, recreateStep, rollingStep } from './deployment-rollout.ts';
import { isScaled, scalingStep } from './deployment-scaling.ts';
import { deploymentStatus, type StatusNews } from './deployment-status.ts';
import { DEPLOYMENT_COMPONENT, DeploymentWriter } from './deployment-writer.ts';
import { ownerKeyOf, ownersConcerned } from './owner-lookup.ts';
import { controllerOf } from './pod-state.ts';

/** Deployments worked on at a time: their writes share the store's commits. */
const WORKERS = 4;

export class DeploymentController implements Component {
  readonly #options: ControllerOptions;
  readonly #pods: Informer<Pod>;
  readonly #known: Informer<Deployment>;
  readonly #deployments: WrittenObjects<Deployment>;
  readonly #sets: WrittenObjects<ReplicaSet>;
  readonly #claims: ClaimWriter<Deployment, ReplicaSet>;
  readonly #writer: DeploymentWriter;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    const { client, informers, recorder } = options;
    const setInformer = informers.for(replicaSets);
    this.#options = options;
    this.#pods = informers.for(pods);
    this.#known = informers.for(deployments);
    this.#deployments = new WrittenObjects(this.#known);
    this.#sets = new WrittenObjects(setInformer);
    const [written, sets] = [this.#deployments, this.#sets];
    this.#claims = new ClaimWriter({ client, ownerKind: deployments, kind: replicaSets, written: sets });
    this.#writer = new DeploymentWriter({ client, recorder, deployments: written, sets });
    this.#controller = new Controller(DEPLOYMENT_COMPONENT, (key) => this.#reconcile(key), options, WORKERS);
    this.#controller.follows(
      this.#known,
      onAnyChange((deployment) => this.#controller.enqueue(keyOf(deployment))),
    );
    this.#controller.follows(
      setInformer,
      onAnyChange((set, previous) => this.#setChanged(set, previous)),
    );
    this.#controller.follows(this.#pods, { onDelete: (pod) => this.#podGone(pod) });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #setChanged(set: ReplicaSet, previous: ReplicaSet | undefined): void {
    const owners = { kind: deployments, informer: this.#known, selectorOf };
    for (const key of ownersConcerned(owners, set, previous)) this.#controller.enqueue(key);
  }

  /** A Deployment that recreates waits for the end of its last old pod, of which no ReplicaSet tells. */
  #podGone(pod: Pod): void {
    const setKey = ownerKeyOf(replicaSets, pod);
    const set = setKey === undefined ? undefined : this.#sets.get(setKey);
    const owner = set && ownerKeyOf(deployments, set);
    if (owner !== undefined) this.#controller.enqueue(owner);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const found = this.#deployments.get(key);
    if (!found) return undefined;
    await this.#claims.write(found, this.#claimsOf(found));
    if (found.metadata.deletionTimestamp) {
      return this.#show(found, { isCreated: false, failure: undefined, isRollingOut: false });
    }
    const refreshed = refreshedNewSet(this.#rollout(found));
    if (refreshed) await this.#writer.update(refreshed);
    const deployment = await this.#writer.noteRevision(this.#rollout(found));
    return this.#advance(deployment);
  }

  async #advance(deployment: Deployment): Promise<ReconcileResult | undefined> {
    const rollout = this.#rollout(deployment);
    const rollback = rollbackOf(rollout);
    if (rollback) {
      await this.#writer.rollBack(rollback);
      return undefined;
    }
    const { step, isRollingOut } = this.#nextStep(rollout);
    const { isCreated, failure } =
      step.create === undefined
        ? { isCreated: false, failure: undefined }
        : await this.#writer.create(rollout, step.create);
    for (const resize of step.resize) await this.#writer.resize(deployment, resize);
    // What it is to go back to once it goes on must still be there then.
    const isPaused = deployment.spec.paused && !isRollbackWanted(deployment);
    if (isPaused || isComplete(deployment, deployment.status ?? {})) {
      for (const set of forgottenSets(rollout)) await this.#writer.forget(set);
    }
    const noted = await this.#writer.noteRevision(this.#rollout(deployment));
    const result = await this.#show(noted, { isCreated, failure: failure?.message, isRollingOut });
    if (failure) throw failure.error;
    return result;
  }

  #nextStep(rollout: Rollout): { step: RolloutStep; isRollingOut: boolean } {
    const { spec } = rollout.deployment;
    if (spec.paused) return { step: { resize: scalingStep(rollout) }, isRollingOut: false };
    const resize = isScaled(rollout) ? scalingStep(rollout) : [];
    if (resize.length > 0) return { step: { resize }, isRollingOut: false };
    const isRecreated = spec.strategy?.type === 'Recreate';
    const step = isRecreated ? recreateStep(rollout, this.#oldPodsRun(rollout)) : rollingStep(rollout);
    return { step, isRollingOut: true };
  }

  /** Pods that are being deleted run on until they are gone. */
  #oldPodsRun({ deployment, oldSets }: Rollout): boolean {
    const uids = new Set(oldSets.map(({ metadata }) => metadata.uid));
    const inNamespace = this.#pods.lister.inNamespace(deployment.metadata.namespace ?? '');
    return inNamespace.some((pod) => uids.has(controllerOf(pod)?.uid ?? '') && !isFinished(pod));
  }

  async #show(deployment: Deployment, news: StatusNews): Promise<ReconcileResult | undefined> {
    const nowMs = this.#options.clock.now();
    const status = deploymentStatus(this.#rollout(deployment), news, nowMs);
    if (!isDeepStrictEqual(status, deployment.status)) await this.#writer.writeStatus(deployment, status);
    const requeueAfterMs = news.isRollingOut ? nextDeadlineInMs(deployment, status, nowMs) : undefined;
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  #rollout(deployment: Deployment): Rollout {
    return rolloutOf(deployment, this.#claimsOf(deployment).own);
  }

  #claimsOf(deployment: Deployment): Claims<ReplicaSet> {
    const inNamespace = this.#sets.list(deployment.metadata.namespace ?? '');
    return claimsOf(deployment, selectorOf(deployment), inNamespace);
  }
}

const selectorOf = ({ spec }: Deployment) => selectorFromObject(spec.selector) ?? [];
