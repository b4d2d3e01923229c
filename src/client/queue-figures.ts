// How much the loops have to do, by the names that client-go gives its work queues; the loops tell it when they run.
// https://kubernetes.io/docs/reference/instrumentation/metrics/
import type { Metric } from '../base/metrics/metric.ts';

export interface QueueFigure {
  /** Keys that wait for a worker. */
  depth: number;
  /** Keys taken in since the start, repeats of one that waits not counted. */
  adds: number;
  /** Keys put back after a failure. */
  retries: number;
}

export class QueueFigures {
  readonly #queues = new Map<string, () => QueueFigure>();

  /** Of two loops of one name the later counts. */
  add(name: string, figure: () => QueueFigure): void {
    this.#queues.set(name, figure);
  }

  metrics(): Metric[] {
    const figures = [...this.#queues].map(([name, figure]) => ({ labels: { name }, ...figure() }));
    const of = (key: keyof QueueFigure) =>
      figures.map(({ labels, ...figure }) => ({ labels, value: figure[key] }));
    return [
      { name: 'workqueue_depth', help: 'Current depth of workqueue', type: 'gauge', samples: of('depth') },
      {
        name: 'workqueue_adds_total',
        help: 'Total number of adds handled by workqueue',
        type: 'counter',
        samples: of('adds'),
      },
      {
        name: 'workqueue_retries_total',
        help: 'Total number of retries handled by workqueue',
        type: 'counter',
        samples: of('retries'),
      },
    ];
  }
}
