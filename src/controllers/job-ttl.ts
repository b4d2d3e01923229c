// Deletes Jobs, with all that is theirs, when ttlSecondsAfterFinished have passed since they ended.
// https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
import { jobs } from '../api/kinds/job.ts';
import { type Job, keyOf } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { overSinceMs } from './job-status.ts';

export class JobTtlController implements Component {
  readonly #options: ControllerOptions;
  readonly #jobs: Informer<Job>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#jobs = options.informers.for(jobs);
    this.#controller = new Controller('ttl-after-finished', (key) => this.#reconcile(key), options);
    const look = (job: Job) => {
      if (expiresAtMs(job) !== undefined) this.#controller.enqueue(keyOf(job));
    };
    this.#controller.follows(this.#jobs, { onAdd: look, onUpdate: look });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = this.#jobs.lister.get(key);
    const atMs = job && expiresAtMs(job);
    if (!job || atMs === undefined) return undefined;
    const inMs = atMs - this.#options.clock.now();
    if (inMs > 0) return { requeueAfterMs: inMs };
    // The revision: somebody may have given it more time, and the cache has not heard of it yet.
    const { uid, resourceVersion } = job.metadata;
    try {
      await this.#options.client.delete(jobs, key, {
        propagationPolicy: 'Foreground',
        preconditions: { uid, resourceVersion },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
}

/** Milliseconds since the epoch; `undefined` when it has not ended, stays for ever or is going already. */
function expiresAtMs(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec;
  const sinceMs = overSinceMs(job);
  if (ttlSecondsAfterFinished === undefined || sinceMs === undefined) return undefined;
  return job.metadata.deletionTimestamp ? undefined : sinceMs + ttlSecondsAfterFinished * 1000;
}
