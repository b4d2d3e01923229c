// Runs each Job's pods until enough of them have succeeded, or too many failed.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/
import { isDeepStrictEqual } from 'node:util';
import { jobs } from '../api/kinds/job.ts';
import { pods } from '../api/kinds/pod.ts';
import { type Job, keyOf, type Pod } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import { ageOf, type MetTimes } from '../base/met-times.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { decideJob, type JobDecision } from './job-decision.ts';
import { isOver } from './job-end.ts';
import { failureMarks } from './job-index-failures.ts';
import { jobPod, selectorOf, TRACKING_FINALIZER } from './job-pod.ts';
import { jobNews, jobStatus } from './job-status.ts';
import { OwnedPods } from './owned-pods.ts';
import { ownersConcerned } from './owner-lookup.ts';
import { slowStart } from './slow-start.ts';
import { firstFailure, isNamespaceTerminating } from './workload-failure.ts';

const COMPONENT = 'job-controller';
/** A job that names another manager is left to it. */
const MANAGER = 'kubernetes.io/job-controller';
/** Jobs worked on at a time: their writes share the store's commits. */
const WORKERS = 4;

export class JobController implements Component {
  readonly #options: ControllerOptions;
  readonly #jobs: Informer<Job>;
  readonly #writtenJobs: WrittenObjects<Job>;
  readonly #pods: OwnedPods<Job>;
  readonly #controller: Controller;
  /** Key → when it became active: a clock that is set must not end it. */
  readonly #met: MetTimes = new Map();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#jobs = options.informers.for(jobs);
    this.#writtenJobs = new WrittenObjects(this.#jobs);
    this.#pods = new OwnedPods(options, { kind: jobs, selectorOf, finalizer: TRACKING_FINALIZER });
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options, WORKERS);
    this.#controller.follows(
      this.#jobs,
      onAnyChange((job) => this.#controller.enqueue(keyOf(job))),
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
    const owners = { kind: jobs, informer: this.#jobs, selectorOf };
    for (const key of ownersConcerned(owners, pod, previous)) this.#controller.enqueue(key);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = this.#writtenJobs.get(key);
    if (!job || isOver(job)) this.#met.delete(key);
    if (!job || (job.spec.managedBy ?? MANAGER) !== MANAGER) return undefined;
    // What it adopts counts once that is written.
    await this.#pods.claim(job, () => !isOver(job));
    if (isOver(job)) {
      for (const pod of this.#pods.of(job)) await this.#pods.letGo(pod);
      return undefined;
    }
    const { clock } = this.#options;
    const decision = decideJob(job, this.#pods.of(job), clock.now(), this.#activeMs(key, job));
    const failure = await this.#act(job, decision);
    await this.#writeStatus(job, decision);
    // Only what the stored status holds may be let go.
    for (const pod of decision.account.release) await this.#pods.letGo(pod);
    if (failure !== undefined) throw failure;
    const { requeueAfterMs } = decision;
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  #activeMs(key: string, { status }: Job): number {
    const { clock } = this.#options;
    const now = { nowMs: clock.now(), monotonicMs: clock.monotonicMs() };
    return status?.startTime === undefined ? 0 : ageOf(this.#met, key, status.startTime, now);
  }

  /** Makes and removes pods; resolves with the first failure, so that the status is written all the same. */
  async #act(job: Job, { account, create, discard, abort }: JobDecision): Promise<unknown> {
    const removals = [
      ...discard.map((pod) => this.#discard(job, pod)),
      ...abort.map((pod) => this.#delete(job, pod)),
    ];
    const failed = await firstFailure(removals);
    if (failed !== undefined) return failed;
    const indexes = create.values();
    const { error } = await slowStart(create.length, async () => {
      const index = indexes.next().value;
      const marks = failureMarks(job, account.toReplace.get(index ?? -1));
      const pod = await this.#pods.create(jobPod(job, index, marks));
      this.#record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    if (error === undefined || isNamespaceTerminating(error)) return undefined;
    this.#record(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
    return error;
  }

  /** Untracked first, so that what we take away ourselves is no failure. */
  async #discard(job: Job, pod: Pod): Promise<void> {
    await this.#pods.letGo(pod);
    await this.#delete(job, pod);
  }

  async #delete(job: Job, pod: Pod): Promise<void> {
    const isDeleted = await this.#pods.delete(pod).catch((error: unknown) => {
      this.#record(job, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    });
    if (isDeleted) this.#record(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }

  async #writeStatus(job: Job, decision: JobDecision): Promise<void> {
    const status = jobStatus(job, decision, this.#pods.of(job), this.#options.clock.now());
    if (isDeepStrictEqual(job.status ?? {}, status)) return;
    try {
      this.#writtenJobs.wrote(await this.#options.client.updateStatus(jobs, { ...job, status }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    for (const { type, reason, message } of jobNews(job, status)) {
      this.#record(job, type, reason, message);
    }
  }

  #record(job: Job, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object: job, type, reason, message, component: COMPONENT });
  }
}
