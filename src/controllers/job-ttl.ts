// Deletes Jobs, with all that is theirs, when ttlSecondsAfterFinished have passed since they ended.
// https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
import { jobs } from '../api/kinds/job.ts';
import { type Job, keyOf } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { ageOf, type MetTimes } from '../base/met-times.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { overSince } from './job-status.ts';

export class JobTtlController implements Component {
  readonly #options: ControllerOptions;
  readonly #jobs: Informer<Job>;
  readonly #controller: Controller;
  /** Key → when it ended: a clock that is set neither keeps nor removes it. */
  readonly #met: MetTimes = new Map();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#jobs = options.informers.for(jobs);
    this.#controller = new Controller('ttl-after-finished', (key) => this.#reconcile(key), options);
    const look = (job: Job) => {
      if (expiringSince(job) !== undefined) this.#controller.enqueue(keyOf(job));
    };
    const forget = (job: Job) => void this.#met.delete(keyOf(job));
    this.#controller.follows(this.#jobs, { onAdd: look, onUpdate: look, onDelete: forget });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = this.#jobs.lister.get(key);
    const since = job && expiringSince(job);
    if (!job || since === undefined) return undefined;
    const { clock } = this.#options;
    const ageMs = ageOf(this.#met, key, since, { nowMs: clock.now(), monotonicMs: clock.monotonicMs() });
    const inMs = (job.spec.ttlSecondsAfterFinished ?? 0) * 1000 - ageMs;
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

/** When it ended; `undefined` when it has not, stays for ever or is going already. */
function expiringSince(job: Job): string | undefined {
  const isGoing = job.spec.ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp;
  return isGoing ? undefined : overSince(job);
}
