// Reports every 15 s what the containers of this board use, while there are any: the master's source for
// metrics.k8s.io and autoscaling. A board without pods reads nothing and says nothing.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import type { ContainerMeter } from './container-meter.ts';
import type { MetricsReport } from './metrics-report.ts';

export interface MetricsReporterOptions {
  clock: Clock;
  logger: Logger;
  /** What runs now; no question to the engine. */
  running(): RuntimeContainer[];
  meter: Pick<ContainerMeter, 'measure'>;
  send(report: MetricsReport & { time: string }): void;
  intervalMs?: number;
}

/** Four readings a window; upstream's metrics-server asks kubelets as often. */
export const METRICS_INTERVAL_MS = 15_000;

export class MetricsReporter implements Component {
  readonly #options: MetricsReporterOptions;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;

  constructor(options: MetricsReporterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { clock, intervalMs = METRICS_INTERVAL_MS } = this.#options;
    this.#timer = clock.every(intervalMs, () => this.#look());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#round;
  }

  /** A board too slow to read all in one interval reports more seldom, never twice at once. */
  #look(): void {
    this.#round ??= this.#measure().finally(() => {
      this.#round = undefined;
    });
  }

  async #measure(): Promise<void> {
    const { clock, running, meter, send, logger } = this.#options;
    const containers = running();
    if (containers.length === 0) return;
    try {
      const report = await meter.measure(containers, clock.monotonicMs());
      const isWorthSaying = report.node || Object.keys(report.pods).length > 0;
      if (this.#timer && isWorthSaying) send({ time: new Date(clock.now()).toISOString(), ...report });
    } catch (error) {
      logger.warn({ error: String(error) }, 'the use of the containers of this board cannot be measured');
    }
  }
}
