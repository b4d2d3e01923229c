// Runs reconcile(key) for every key in its queue, with a fixed number of workers. A throw means try again
// with back-off; the same key never runs twice at a time; stop() waits for what runs.
// https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/reconcile
import { isConflict } from '../api/status-error.ts';
import type { BackoffLimits } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { QueueFigures } from './queue-figures.ts';
import { defaultRetryBackoff, WorkQueue } from './workqueue.ts';

export interface ReconcileResult {
  /** Look at the key again after this time, even when nothing changes. */
  requeueAfterMs?: number;
}

/** Reads desired and observed afresh and brings them together; says nothing of why it was called. */
// biome-ignore lint/suspicious/noConfusingVoidType: most reconciles have nothing to say and return nothing
export type Reconcile = (key: string) => Promise<ReconcileResult | undefined | void>;

export interface ControllerRunnerOptions {
  name: string;
  reconcile: Reconcile;
  clock: Clock;
  logger: Logger;
  /** Keys worked on at a time; 1 unless said. */
  workers?: number;
  backoff?: BackoffLimits;
  /** Shows how much there is to do. */
  figures?: QueueFigures | undefined;
}

export class ControllerRunner implements Component {
  readonly #options: ControllerRunnerOptions;
  #queue: WorkQueue;
  #workers: Promise<void>[] = [];

  constructor(options: ControllerRunnerOptions) {
    this.#options = options;
    this.#queue = this.#newQueue();
  }

  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  async start(): Promise<void> {
    const { workers: count = 1, figures, name } = this.#options;
    figures?.add(name, () => this.#queue.figure);
    this.#workers = Array.from({ length: count }, () => this.#work(this.#queue));
  }

  async stop(): Promise<void> {
    this.#queue.shutDown();
    await Promise.all(this.#workers.splice(0));
    this.#queue = this.#newQueue();
  }

  #newQueue(): WorkQueue {
    return new WorkQueue(this.#options.clock, this.#options.backoff ?? defaultRetryBackoff);
  }

  async #work(queue: WorkQueue): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.#once(queue, key);
      queue.done(key);
    }
  }

  async #once(queue: WorkQueue, key: string): Promise<void> {
    try {
      const result = await this.#options.reconcile(key);
      queue.forget(key);
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      queue.addRateLimited(key);
      this.#report(key, error, queue.failures(key));
    }
  }

  #report(key: string, error: unknown, failures: number): void {
    const { logger, name } = this.#options;
    const fields = { err: error, controller: name, key, failures };
    // A conflict says only that somebody else wrote first: the next look sees it.
    if (isConflict(error)) logger.debug(fields, 'somebody else wrote first, looking again');
    else logger.warn(fields, 'reconcile failed, trying again');
  }
}
