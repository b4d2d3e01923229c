// The newest number that applications have published about each object, or about none, in memory: what
// HorizontalPodAutoscalers read as Pods, Object and External metrics, and people over HTTP. A number that is not said
// again within two minutes is not known any more.
import { labelValueProblems } from '../api/names.ts';
import { milliValue, tryParseQuantity } from '../api/quantity.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { BusMessage, MessageBus } from '../mqtt/message-bus.ts';
import { appMetricsFilter, levelsOf, NO_OBJECT } from '../mqtt/topics.ts';

export interface AppMetric {
  /** Thousandths. */
  milli: number;
  /** When it came, milliseconds since the epoch. */
  atMs: number;
}

/** A number with what it is about. */
export interface NamedMetric extends AppMetric {
  namespace: string;
  /** `''` = about no object. */
  kind: string;
  /** The object's, or that of the series. */
  name: string;
  metric: string;
}

interface Kept extends AppMetric {
  monotonicMs: number;
  /** By the application's clock, where it said so. */
  saidMs: number | undefined;
}

const LIFE_MS = 120_000;
/** Twenty for each of a thousand pods; the one unheard of for the longest goes first. */
const MAX_KEPT = 20_000;
const MAX_PAYLOAD_BYTES = 1024;

export class AppMetrics {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By path; in the order in which they were last said. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Returns what ends it. */
  listen(bus: MessageBus): () => void {
    return bus.subscribe(appMetricsFilter, (message) => this.#receive(message));
  }

  find(namespace: string, kind: string, name: string, metric: string): AppMetric | undefined {
    const kept = this.#kept.get(pathOf(namespace, kind, name, metric));
    return kept && this.#isFresh(kept) ? { milli: kept.milli, atMs: kept.atMs } : undefined;
  }

  /** Every series of one metric that is about no object. */
  series(namespace: string, metric: string): NamedMetric[] {
    const isAsked = (one: NamedMetric) =>
      one.kind === '' && one.namespace === namespace && one.metric === metric;
    return [...this.all()].filter(isAsked);
  }

  /** All that are fresh. */
  *all(): Generator<NamedMetric> {
    for (const [path, kept] of this.#kept) {
      if (!this.#isFresh(kept)) continue;
      const [namespace = '', kind = '', name = '', metric = ''] = path.split('\n');
      const about = { namespace, kind: kind === NO_OBJECT ? '' : kind, name, metric };
      yield { ...about, milli: kept.milli, atMs: kept.atMs };
    }
  }

  #receive({ topic, payload }: BusMessage): void {
    const [, namespace, kind, name, metric, ...more] = levelsOf(topic) ?? [];
    if (!namespace || !kind || !name || !metric || more.length > 0) return;
    if (!isReadable(kind, name, metric)) return;
    const said = readNumber(payload);
    if (!said) {
      this.#logger.debug({ topic }, 'a metric of an application is no number, ignored');
      return;
    }
    this.#keep(pathOf(namespace, kind, name, metric), said);
  }

  #keep(path: string, { milli, saidMs }: SaidNumber): void {
    const known = this.#kept.get(path);
    const isLate = known?.saidMs !== undefined && saidMs !== undefined && saidMs < known.saidMs;
    if (known && isLate && this.#isFresh(known)) return;
    this.#kept.delete(path);
    const [atMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonicMs()];
    this.#kept.set(path, { milli, atMs, monotonicMs, saidMs });
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [path, kept] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && this.#isFresh(kept)) return;
      this.#kept.delete(path);
    }
  }

  #isFresh({ monotonicMs }: Kept): boolean {
    return this.#clock.monotonicMs() - monotonicMs <= LIFE_MS;
  }
}

/** A series is shown as the value of a label. */
const isReadable = (kind: string, name: string, metric: string): boolean =>
  !/\s/.test(metric) && (kind !== NO_OBJECT || labelValueProblems(name).length === 0);

const pathOf = (...levels: string[]): string => levels.join('\n');

interface SaidNumber {
  milli: number;
  saidMs: number | undefined;
}

/** `42`, `"250m"` or `{"value": 42, "timestamp": "2026-01-01T00:00:00Z"}`; `undefined` for anything else. */
function readNumber(payload: Uint8Array): SaidNumber | undefined {
  if (payload.length === 0 || payload.length > MAX_PAYLOAD_BYTES) return undefined;
  const text = Buffer.from(payload).toString('utf8').trim();
  const value = text.startsWith('{') ? parsed(text) : { value: text.replace(/^"(.*)"$/, '$1') };
  if (!value || (typeof value.value !== 'number' && typeof value.value !== 'string')) return undefined;
  const quantity = tryParseQuantity(value.value);
  const saidMs = value.timestamp === undefined ? undefined : Date.parse(String(value.timestamp));
  if (!quantity || (saidMs !== undefined && Number.isNaN(saidMs))) return undefined;
  const milli = milliValue(quantity);
  return Number.isSafeInteger(milli) ? { milli, saidMs } : undefined;
}

function parsed(text: string): { value?: unknown; timestamp?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
