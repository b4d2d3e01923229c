// What a Deployment's controller writes: its ReplicaSets and what it says of its revision. Each write answers to the
// revision that the decision was made on; somebody else's write in between rejects with Conflict: look again then.
import { deployments } from '../api/kinds/deployment.ts';
import { replicaSets } from '../api/kinds/replica-set.ts';
import { type apps, type Deployment, keyOf, type ReplicaSet } from '../api/objects.ts';
import { isAlreadyExists, isNotFound } from '../api/status-error.ts';
import { messageOf } from '../base/error-message.ts';
import type { Client } from '../client/client.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { WrittenObjects } from '../client/written-objects.ts';
import { sizeOf } from './deployment-limits.ts';
import { REVISION, type Rollout, replicaSetFor, replicasAnnotations } from './deployment-revisions.ts';
import type { Rollback } from './deployment-rollback.ts';
import type { Resize } from './deployment-rollout.ts';
import { controllerOf } from './pod-state.ts';
import { sameTemplate } from './pod-template-hash.ts';
import { isNamespaceTerminating } from './workload-failure.ts';

export const DEPLOYMENT_COMPONENT = 'deployment-controller';
const SCALING = 'ScalingReplicaSet';

export interface DeploymentWriterOptions {
  client: Client;
  recorder: EventSink;
  deployments: WrittenObjects<Deployment>;
  sets: WrittenObjects<ReplicaSet>;
}

export interface Creation {
  isCreated: boolean;
  /** Set when it could not be made: `message` is what people are told. */
  failure?: { error: unknown; message: string };
}

export class DeploymentWriter {
  readonly #options: DeploymentWriterOptions;

  constructor(options: DeploymentWriterOptions) {
    this.#options = options;
  }

  /** Makes the new ReplicaSet. A name that is taken by something else makes the next try take another one. */
  async create(rollout: Rollout, replicas: number): Promise<Creation> {
    const { deployment } = rollout;
    const wanted = replicaSetFor(rollout, replicas);
    const name = wanted.metadata.name ?? '';
    try {
      this.#options.sets.wrote(await this.#options.client.create<ReplicaSet>(replicaSets, wanted));
    } catch (error) {
      if (isNamespaceTerminating(error)) return { isCreated: false };
      if (isAlreadyExists(error)) return this.#settleCollision(deployment, name, error);
      const why = messageOf(error);
      const message = `Failed to create new replica set "${name}": ${why}`;
      this.#record(deployment, 'Warning', 'ReplicaSetCreateError', message);
      return { isCreated: false, failure: { error, message } };
    }
    if (replicas > 0) {
      this.#record(deployment, 'Normal', SCALING, `Scaled up replica set ${name} from 0 to ${replicas}`);
    }
    return { isCreated: true };
  }

  /** Also notes on it by which number it was sized. */
  async resize(deployment: Deployment, { set, replicas }: Resize): Promise<void> {
    const annotations = { ...set.metadata.annotations, ...replicasAnnotations(deployment) };
    await this.update({
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, replicas },
    });
    const before = sizeOf(set);
    if (before === replicas) return;
    const direction = replicas > before ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
    this.#record(deployment, 'Normal', SCALING, message);
  }

  async update(set: ReplicaSet): Promise<void> {
    this.#options.sets.wrote(await this.#options.client.update(replicaSets, set));
  }

  /** Deletes an old ReplicaSet, unless it has changed since. */
  async forget(set: ReplicaSet): Promise<void> {
    const { uid, resourceVersion } = set.metadata;
    try {
      const options = { preconditions: { uid, resourceVersion }, propagationPolicy: 'Background' as const };
      await this.#options.client.delete(replicaSets, keyOf(set), options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#options.sets.deleted(set);
  }

  /** Gives it the template of a former revision, or says why not. */
  async rollBack({ deployment, type, reason, message }: Rollback): Promise<void> {
    this.#options.deployments.wrote(await this.#options.client.update(deployments, deployment));
    this.#record(deployment, type, reason, message);
  }

  /** The Deployment's revision is that of its new ReplicaSet. Resolves with the Deployment as it is then. */
  async noteRevision({ deployment, newSet }: Rollout): Promise<Deployment> {
    const revision = newSet?.metadata.annotations?.[REVISION];
    if (revision === undefined || deployment.metadata.annotations?.[REVISION] === revision) return deployment;
    const { uid, resourceVersion } = deployment.metadata;
    const body = { metadata: { uid, resourceVersion, annotations: { [REVISION]: revision } } };
    const { client } = this.#options;
    const noted = await client.patch(deployments, keyOf(deployment), { type: 'merge', body });
    this.#options.deployments.wrote(noted);
    return noted;
  }

  async writeStatus(deployment: Deployment, status: apps.DeploymentStatus): Promise<void> {
    try {
      const written = await this.#options.client.updateStatus(deployments, { ...deployment, status });
      this.#options.deployments.wrote(written);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** It may be our own, of which the cache has not heard; else the count of collisions gives another name. */
  async #settleCollision(deployment: Deployment, name: string, error: unknown): Promise<Creation> {
    const key = keyOf({ ...deployment, metadata: { ...deployment.metadata, name } });
    const rival = await this.#options.client.get(replicaSets, key);
    const isOwn = controllerOf(rival)?.uid === deployment.metadata.uid;
    if (isOwn && sameTemplate(rival.spec.template, deployment.spec.template)) {
      this.#options.sets.wrote(rival);
      return { isCreated: false };
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await this.writeStatus(deployment, { ...deployment.status, collisionCount });
    throw error;
  }

  #record(object: Deployment, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object, type, reason, message, component: DEPLOYMENT_COMPONENT });
  }
}
