// Starts each CronJob's jobs when they are due, and clears away old ones.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
import { isDeepStrictEqual } from 'node:util';
import { cronJobs } from '../api/kinds/cron-job.ts';
import { jobs } from '../api/kinds/job.ts';
import { type CronJob, type Job, keyOf } from '../api/objects.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { type CronDecision, decideCron, LONGEST_WAIT_MS, pastHistory } from './cron-decision.ts';
import { cronStatus, endedJobs, scheduledJob, unexpectedJobs } from './cron-status.ts';
import { controllerOf } from './pod-state.ts';
import { isNamespaceTerminating } from './workload-failure.ts';

const COMPONENT = 'cronjob-controller';

export class CronJobController implements Component {
  readonly #options: ControllerOptions;
  readonly #cronJobs: Informer<CronJob>;
  readonly #writtenCronJobs: WrittenObjects<CronJob>;
  readonly #writtenJobs: WrittenObjects<Job>;
  readonly #controller: Controller;
  /** Key → the missed or forbidden time that people were told of. */
  readonly #told = new Map<string, number>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#cronJobs = options.informers.for(cronJobs);
    const jobInformer = options.informers.for(jobs);
    this.#writtenCronJobs = new WrittenObjects(this.#cronJobs);
    this.#writtenJobs = new WrittenObjects(jobInformer);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    this.#controller.follows(
      this.#cronJobs,
      onAnyChange((cronJob) => this.#controller.enqueue(keyOf(cronJob))),
    );
    this.#controller.follows(
      jobInformer,
      onAnyChange((job) => this.#jobChanged(job)),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #jobChanged(job: Job): void {
    const owner = controllerOf(job);
    if (owner?.kind === 'CronJob') this.#controller.enqueue(`${job.metadata.namespace}/${owner.name}`);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cronJob = this.#writtenCronJobs.get(key);
    if (!cronJob) {
      this.#told.delete(key);
      return undefined;
    }
    for (const job of pastHistory(cronJob, this.#own(cronJob))) await this.#delete(cronJob, job);
    for (const message of unexpectedJobs(cronJob, this.#own(cronJob)))
      this.#record(cronJob, 'Warning', 'UnexpectedJob', message);
    const nowMs = this.#options.clock.now();
    const decision = decideCron(cronJob, this.#own(cronJob), nowMs);
    const scheduledMs = await this.#act(cronJob, decision);
    await this.#writeStatus(cronJob, scheduledMs);
    const { nextMs } = decision;
    if (nextMs === undefined) return undefined;
    return { requeueAfterMs: Math.min(Math.max(nextMs - nowMs, 1), LONGEST_WAIT_MS) };
  }

  #own(cronJob: CronJob): Job[] {
    const inNamespace = this.#writtenJobs.list(cronJob.metadata.namespace ?? '');
    return inNamespace.filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid);
  }

  /** Resolves with the time whose job is there now, if one is. */
  async #act(cronJob: CronJob, decision: CronDecision): Promise<number | undefined> {
    if (decision.do === 'wait') return undefined;
    if (decision.do === 'run') return this.#run(cronJob, decision);
    const { scheduledMs } = decision;
    if (this.#told.get(keyOf(cronJob)) === scheduledMs) return undefined;
    this.#told.set(keyOf(cronJob), scheduledMs);
    if (decision.do === 'miss') {
      const message = `Missed scheduled time to start a job: ${mailDate(scheduledMs)}`;
      this.#record(cronJob, 'Warning', 'MissSchedule', message);
    } else {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      this.#record(cronJob, 'Normal', 'JobAlreadyActive', message);
    }
    return undefined;
  }

  async #run(cronJob: CronJob, decision: CronDecision & { do: 'run' }): Promise<number | undefined> {
    const { scheduledMs, replace, manyMissed } = decision;
    const planned = scheduledJob(cronJob, scheduledMs);
    for (const job of replace) await this.#delete(cronJob, job);
    if (manyMissed) {
      const message =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      this.#record(cronJob, 'Warning', 'TooManyMissedTimes', message);
    }
    try {
      const job = await this.#options.client.create(jobs, planned);
      this.#writtenJobs.wrote(job);
      this.#record(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
    } catch (error) {
      // Made before, and its status write was lost: the time is taken all the same.
      if (isAlreadyExists(error)) return scheduledMs;
      if (isNamespaceTerminating(error)) return undefined;
      const message = messageOf(error);
      this.#record(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${message}`);
      throw error;
    }
    return scheduledMs;
  }

  async #delete(cronJob: CronJob, job: Job): Promise<void> {
    const options = { propagationPolicy: 'Background', preconditions: { uid: job.metadata.uid } } as const;
    try {
      await this.#options.client.delete(jobs, keyOf(job), options);
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.#record(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      throw error;
    }
    this.#writtenJobs.deleted(job);
    this.#record(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
  }

  async #writeStatus(cronJob: CronJob, scheduledMs: number | undefined): Promise<void> {
    const own = this.#own(cronJob);
    const status = cronStatus(cronJob, own, scheduledMs);
    if (isDeepStrictEqual(cronJob.status ?? {}, status)) return;
    try {
      this.#writtenCronJobs.wrote(await this.#options.client.updateStatus(cronJobs, { ...cronJob, status }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    for (const { reason, message } of endedJobs(cronJob, own))
      this.#record(cronJob, 'Normal', reason, message);
  }

  #record(cronJob: CronJob, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object: cronJob, type, reason, message, component: COMPONENT });
  }
}

/** As Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 +0000`. */
const mailDate = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
