// The newest figures of each board, in memory only. What is too old to be true is left out rather than shown as 0;
// the times are the master's, because a board's clock may be off by years.
import type { Clock } from '../base/clock.ts';
import type { Metric } from '../base/metrics/metric.ts';
import type { Amounts, Heartbeat, NodeMetrics } from '../mqtt/messages.ts';

/** Of one board; `atMs` since the epoch. */
export interface NodeUsage extends Amounts {
  node: string;
  atMs: number;
  windowMs: number;
}

/** Of one pod: `key` is `namespace/name`. */
export interface PodUsage {
  key: string;
  uid: string;
  atMs: number;
  windowMs: number;
  containers: Readonly<Record<string, Amounts>>;
}

interface Heard<T> {
  atMs: number;
  monotonicMs: number;
  said: T;
}

/** Two reports may be lost; a third is silence. */
const METRICS_LIFE_MS = 50_000;
/** Beats come every 5 s and speak of the time since the one before. */
const BEAT_LIFE_MS = 15_000;
const BEAT_WINDOW_MS = 5_000;

export class BoardMetrics {
  readonly #clock: Clock;
  readonly #reports = new Map<string, Heard<NodeMetrics>>();
  readonly #beats = new Map<string, Heard<Heartbeat>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  report(node: string, metrics: NodeMetrics): void {
    this.#reports.set(node, this.#heard(metrics));
  }

  beat(node: string, beat: Heartbeat): void {
    this.#beats.set(node, this.#heard(beat));
  }

  forget(node: string): void {
    this.#reports.delete(node);
    this.#beats.delete(node);
  }

  /** From its report; a board without pods sends none, and its beats stand in. */
  *nodes(): Generator<NodeUsage> {
    for (const node of new Set([...this.#reports.keys(), ...this.#beats.keys()])) {
      const usage = this.#reported(node) ?? this.#beaten(node);
      if (usage) yield usage;
    }
  }

  *pods(): Generator<PodUsage> {
    for (const report of this.#reports.values()) {
      if (!this.#isFresh(report, METRICS_LIFE_MS)) continue;
      for (const [key, { uid, windowMs, containers }] of Object.entries(report.said.pods)) {
        yield { key, uid, atMs: report.atMs, windowMs, containers };
      }
    }
  }

  /** How long ago each board last said that it lives. */
  heartbeatAges(): Metric {
    const nowMs = this.#clock.monotonicMs();
    return {
      name: 'edge_node_heartbeat_age_seconds',
      help: 'Time since the last heartbeat of a board.',
      type: 'gauge',
      samples: [...this.#beats].map(([node, { monotonicMs }]) => ({
        labels: { node },
        value: (nowMs - monotonicMs) / 1000,
      })),
    };
  }

  #reported(node: string): NodeUsage | undefined {
    const report = this.#reports.get(node);
    if (!report?.said.node || !this.#isFresh(report, METRICS_LIFE_MS)) return undefined;
    return { node, atMs: report.atMs, ...report.said.node };
  }

  #beaten(node: string): NodeUsage | undefined {
    const beat = this.#beats.get(node);
    if (!beat || !this.#isFresh(beat, BEAT_LIFE_MS)) return undefined;
    const { cpu, memory } = beat.said;
    const amounts = {
      ...(Number.isFinite(cpu.usedCores) ? { cpuNanocores: Math.round(cpu.usedCores * 1e9) } : {}),
      ...(Number.isFinite(memory.usedBytes) ? { workingSetBytes: memory.usedBytes } : {}),
    };
    return { node, atMs: beat.atMs, windowMs: BEAT_WINDOW_MS, ...amounts };
  }

  #heard<T>(said: T): Heard<T> {
    return { atMs: this.#clock.now(), monotonicMs: this.#clock.monotonicMs(), said };
  }

  #isFresh({ monotonicMs }: Heard<unknown>, lifeMs: number): boolean {
    return this.#clock.monotonicMs() - monotonicMs <= lifeMs;
  }
}
