// How long things took, counted into buckets of plain numbers.
// https://prometheus.io/docs/concepts/metric_types/#histogram
import type { MetricSample } from './metric.ts';

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** `bounds` are the upper ends of the buckets, ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#counts[bucket]! += 1;
  }

  samples(labels: Readonly<Record<string, string>> = {}): MetricSample[] {
    let below = 0;
    const buckets = this.#bounds.map((le, index) => {
      below += this.#counts[index]!;
      return { suffix: '_bucket', labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: this.#count },
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: this.#count },
    ];
  }
}
