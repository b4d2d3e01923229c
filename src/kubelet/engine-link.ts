// Keeps the agent in touch with the container engine: starts it, learns what it has, and when it is missing says
// so and tries again with back-off until it is there. The board stays a member of the cluster meanwhile.
import { exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { ContainerCache } from './container-cache.ts';
import { type Runtime, RuntimeError } from './runtime/runtime.ts';

export interface Problem {
  reason: string;
  message: string;
}

export interface EngineLinkOptions {
  runtime: Runtime;
  cache: ContainerCache;
  clock: Clock;
  logger: Logger;
  /** The pods with these keys may have changed. */
  look(keys: Iterable<string>): void;
  problemChanged(problem: Problem | undefined): void;
}

const RECHECK_MS = 500;
const RETRY_BACKOFF = { initialMs: 2_000, maxMs: 30_000 };

export class EngineLink {
  readonly #options: EngineLinkOptions;
  #unsubscribe: (() => void) | undefined;
  #isStarted = false;
  #isListed = false;
  #isStopped = false;
  #isListing = false;
  #listAgain = false;
  #failures = 0;
  #retry: Timer | undefined;
  #problem: Problem | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: EngineLinkOptions) {
    this.#options = options;
  }

  /** True once the engine has told what it has: nothing is decided before. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Resolves after the first try, whether the engine is there or not. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#options.runtime.onChange((id) => this.#changed(id));
    await this.#tryConnect();
  }

  /** From now on nothing that the engine tells is looked at. */
  disregard(): void {
    this.#isStopped = true;
    this.#unsubscribe?.();
  }

  async stop(): Promise<void> {
    this.disregard();
    this.#retry?.cancel();
    await this.#work;
    if (this.#isStarted) await this.#options.runtime.stop();
  }

  /** A call to the engine failed: finds out whether it is there at all. */
  suspect(error: unknown): void {
    if (error instanceof RuntimeError && error.reason === 'RuntimeUnavailable') this.#doubt(error);
  }

  #changed(id: string | undefined): void {
    if (this.#isStopped || !this.#isStarted) return;
    const ask = () => (id === undefined ? this.#list() : this.#inspect(id));
    void this.#run(ask, (error) => this.#doubt(error));
  }

  /** Nothing of it is under way any more once stop() resolves. */
  #run(work: () => Promise<void>, refused: (error: unknown) => void): Promise<void> {
    const guarded = work().catch(refused);
    this.#work = Promise.all([this.#work, guarded]).then(() => undefined);
    return guarded;
  }

  #tryConnect(): Promise<void> {
    this.#retry = undefined;
    return this.#run(
      () => this.#connect(),
      (error) => this.#failed(error),
    );
  }

  async #connect(): Promise<void> {
    if (!this.#isStarted) await this.#options.runtime.start();
    this.#isStarted = true;
    await this.#list();
  }

  async #list(): Promise<void> {
    if (this.#isListing) {
      this.#listAgain = true;
      return;
    }
    this.#isListing = true;
    const { runtime, cache, look } = this.#options;
    const snapshot = cache.beforeAsking();
    try {
      const keys = cache.applyList(snapshot, await runtime.list());
      this.#isListed = true;
      this.#recovered();
      look(keys);
    } finally {
      cache.doneAsking(snapshot);
      this.#isListing = false;
    }
    if (!this.#listAgain) return;
    this.#listAgain = false;
    await this.#list();
  }

  async #inspect(id: string): Promise<void> {
    const { runtime, cache, look } = this.#options;
    const snapshot = cache.beforeAsking();
    try {
      const key = cache.applyInspect(snapshot, id, await runtime.inspect(id));
      if (key) look([key]);
    } finally {
      cache.doneAsking(snapshot);
    }
  }

  /** One call may fail because a container went away in the middle of it: only a whole new look tells. */
  #doubt(error: unknown): void {
    this.#options.logger.debug({ error: String(error) }, 'the engine refused a question, asking again');
    if (!this.#retry) this.#tryAfter(RECHECK_MS);
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return;
    this.#failures++;
    this.#setProblem(problemOf(error));
    this.#tryAfter(exponentialBackoffMs(RETRY_BACKOFF, this.#failures));
  }

  #tryAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(delayMs, () => void this.#tryConnect());
  }

  #recovered(): void {
    this.#failures = 0;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#setProblem(undefined);
  }

  #setProblem(problem: Problem | undefined): void {
    if (problem?.reason === this.#problem?.reason && problem?.message === this.#problem?.message) return;
    const { logger, problemChanged } = this.#options;
    this.#problem = problem;
    if (problem) logger.error({ ...problem }, 'this board cannot run pods');
    else logger.info({}, 'the container engine is there again');
    problemChanged(problem);
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof RuntimeError) return { reason: error.reason, message: error.message };
  return { reason: 'RuntimeUnavailable', message: error instanceof Error ? error.message : String(error) };
}
