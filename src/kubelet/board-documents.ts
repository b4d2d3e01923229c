// What a board says of itself to who may read `nodes/NAME/proxy`: the paths of upstream's kubelet that tools read.
import type { Pod } from '../api/objects.ts';
import type { MetricSource } from '../base/metrics/metric.ts';
import type { BoardReading } from './metrics/board-figures.ts';
import type { BoardDocument, BoardDocuments } from './streams/serve-board.ts';

export interface BoardDocumentsOptions {
  nodeName: string;
  /** Reads the counters of all that runs now. */
  read(): Promise<BoardReading>;
  /** Figures of other rooms, which `/metrics` shows beside the kubelet's. */
  figures?: readonly MetricSource[];
  /** What the board is to run. */
  pods(): Iterable<Pod>;
}

export function boardDocuments(options: BoardDocumentsOptions): BoardDocuments {
  return async (path) => {
    if (path === '/healthz' || path === '/healthz/ping')
      return { type: 'text/plain; charset=utf-8', text: 'ok' };
    if (path === '/pods' || path === '/pods/') return podList(options.pods());
    return path.startsWith('/metrics') ? figures(options, path) : undefined;
  };
}

/** As the master told them, without what this board itself reports. */
function podList(pods: Iterable<Pod>): BoardDocument {
  const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [...pods] };
  return { type: 'application/json', text: JSON.stringify(list) };
}

async function figures(
  { nodeName, read, figures: others = [] }: BoardDocumentsOptions,
  path: string,
): Promise<BoardDocument | undefined> {
  if (!['/metrics', '/metrics/resource', '/metrics/cadvisor'].includes(path)) return undefined;
  const { kubeletMetrics, resourceMetrics } = await import('./metrics/board-figures.ts');
  const { processMetrics } = await import('../base/metrics/process-metrics.ts');
  const { prometheusText, PROMETHEUS_TEXT_TYPE } = await import('../base/metrics/prometheus-text.ts');
  const reading = await read();
  const own = () => [...kubeletMetrics(nodeName, reading), ...resourceMetrics(reading)];
  const sources = path === '/metrics' ? [processMetrics, own, ...others] : [() => resourceMetrics(reading)];
  return { type: PROMETHEUS_TEXT_TYPE, text: await prometheusText(sources) };
}
