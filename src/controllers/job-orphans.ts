// Lets go of pods that a Job tracked and that no Job will count any more: without this they could never be deleted.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers
import { jobs } from '../api/kinds/job.ts';
import { pods } from '../api/kinds/pod.ts';
import { type Job, keyOf, type Pod } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { selects } from './claims.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { isTracked, selectorOf, TRACKING_FINALIZER } from './job-pod.ts';
import { OwnedPods } from './owned-pods.ts';
import { controllerOf } from './pod-state.ts';

export class JobOrphanController implements Component {
  readonly #options: ControllerOptions;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #owned: OwnedPods<Job>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#jobs = options.informers.for(jobs);
    this.#pods = options.informers.for(pods);
    this.#owned = new OwnedPods(options, { kind: jobs, selectorOf, finalizer: TRACKING_FINALIZER });
    this.#controller = new Controller('job-orphans', (key) => this.#reconcile(key), options);
    const look = (pod: Pod) => {
      if (isTracked(pod) && !this.#mayBeWanted(pod)) this.#controller.enqueue(keyOf(pod));
    };
    this.#controller.follows(this.#pods, { onAdd: look, onUpdate: look });
    this.#controller.follows(this.#jobs, {
      onDelete: (job) => this.#pods.lister.inNamespace(job.metadata.namespace ?? '').forEach(look),
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** Its own job is there, or one that will adopt it. */
  #mayBeWanted(pod: Pod): boolean {
    const owner = controllerOf(pod);
    const inNamespace = this.#jobs.lister.inNamespace(pod.metadata.namespace ?? '');
    if (owner) return inNamespace.some(({ metadata }) => metadata.uid === owner.uid);
    return inNamespace.some((job) => !job.metadata.deletionTimestamp && selects(selectorOf(job), pod));
  }

  async #reconcile(key: string): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (!pod || !isTracked(pod) || this.#mayBeWanted(pod)) return;
    if (await this.#jobExists(pod)) return;
    await this.#owned.letGo(pod);
  }

  /** The cache of jobs may be behind the one of pods, and this cannot be undone. */
  async #jobExists(pod: Pod): Promise<boolean> {
    const owner = controllerOf(pod);
    if (owner?.kind !== 'Job') return false;
    try {
      const job = await this.#options.client.get(jobs, `${pod.metadata.namespace}/${owner.name}`);
      return job.metadata.uid === owner.uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }
}
