// Figures that a room shows to Prometheus: plain numbers that it keeps anyway, read when somebody scrapes.
// https://prometheus.io/docs/concepts/data_model/ · https://prometheus.io/docs/practices/naming/

export interface MetricSample {
  labels?: Readonly<Record<string, string | number>>;
  value: number;
  /** Of histograms: `_bucket`, `_sum` or `_count`. */
  suffix?: string;
}

export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  samples: readonly MetricSample[];
}

/** Asked at each scrape; nothing is kept for it in between. */
export type MetricSource = () => readonly Metric[] | Promise<readonly Metric[]>;

/** A figure of one sample, without labels. */
export const single = (type: 'counter' | 'gauge', name: string, help: string, value: number): Metric => ({
  name,
  help,
  type,
  samples: [{ value }],
});
