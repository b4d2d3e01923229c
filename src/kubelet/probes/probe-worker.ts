// One probe of one running container: looks at its pace, never two at a time, and tells each result.
// Its only timer is the one to the next look.
import type { core } from '../../api/objects.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { ProbeResult, ProbeVerdict } from './probe.ts';
import { counted, newTally, type ProbeTally } from './probe-tally.ts';

export interface ProbeWorkerOptions {
  clock: Clock;
  probe: core.Probe;
  containerId: string;
  /** Milliseconds from now to the first look. */
  firstLookInMs: number;
  /** As it was when this agent began to look. */
  verdict: ProbeVerdict | undefined;
  look(signal: AbortSignal): Promise<ProbeResult>;
  onResult(result: ProbeResult, verdict: ProbeVerdict | undefined): void;
}

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  readonly #stopped = new AbortController();
  #tally: ProbeTally;
  #timer: Timer | undefined;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
    this.#tally = newTally(options.verdict);
  }

  get containerId(): string {
    return this.#options.containerId;
  }

  start(): void {
    this.#lookIn(this.#options.firstLookInMs);
  }

  /** A look under way is broken off and tells nothing. */
  stop(): void {
    this.#timer?.cancel();
    this.#stopped.abort();
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  /** The pace is kept from start to start; a look that takes longer than the period drops what it missed. */
  async #look(): Promise<void> {
    const { clock, probe, look, onResult } = this.#options;
    const beganMs = clock.monotonicMs();
    const result = await look(this.#stopped.signal);
    if (this.#stopped.signal.aborted) return;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const tookMs = clock.monotonicMs() - beganMs;
    this.#lookIn(periodMs - (tookMs % periodMs));
    this.#tally = counted(this.#tally, result.outcome, probe);
    onResult(result, this.#tally.verdict);
  }
}
