// What a board says of itself to who may read `nodes/NAME/proxy`: the paths of upstream's kubelet that tools read.
import { type Pod, splitKey } from '../api/objects.ts';
import type { MetricSource } from '../base/metrics/metric.ts';
import type { BoardLoad } from './board/board-load.ts';
import type { BoardReading } from './metrics/board-figures.ts';
import type { InterfaceCounters } from './metrics/network-counters.ts';
import type { RuntimeContainer } from './runtime/runtime.ts';
import type { BoardDocument, BoardDocuments, BoardFile } from './streams/serve-board.ts';

export interface BoardDocumentsOptions {
  nodeName: string;
  /** Reads the counters of all that runs now. */
  read(): Promise<BoardReading>;
  /** Figures of other rooms, which `/metrics` shows beside the kubelet's. */
  figures?: readonly MetricSource[];
  /** What the board has of pods, with the status that it reports. */
  pods(): Iterable<Pod>;
  /** What its engine runs. */
  running(): readonly RuntimeContainer[];
  /** As the last heartbeat told it. */
  load(): BoardLoad | undefined;
  /** Parts of it by their names, under `/healthz/NAME`: each resolves with what is wrong, `undefined` = nothing. */
  checks?: Readonly<Record<string, () => Promise<string | undefined>>>;
  /** Its settings, under the names of a KubeletConfiguration. */
  config(): object;
  /** Folder of the board's own logs; absent: /var/log. */
  logFolder?: string;
  nowMs(): number;
}

type Answer = (options: BoardDocumentsOptions) => BoardDocument | Promise<BoardDocument>;

const PLAIN = 'text/plain; charset=utf-8';
const HEALTH = '/healthz/';
const LOGS = '/logs';
const ok: Answer = () => ({ type: PLAIN, text: 'ok' });
const json = (value: object): BoardDocument => ({ type: 'application/json', text: JSON.stringify(value) });
const podList = (items: readonly object[]) =>
  json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/healthz': ok,
  '/healthz/ping': ok,
  '/pods': ({ pods }) => podList([...pods()]),
  '/runningpods': ({ running }) => podList(runningPods(running())),
  '/configz': ({ config }) => json({ kubeletconfig: config() }),
  '/stats/summary': summary,
  '/metrics': (options) => figures(options, true),
  '/metrics/resource': (options) => figures(options, false),
  '/metrics/cadvisor': (options) => figures(options, false),
};

export function boardDocuments(options: BoardDocumentsOptions): BoardDocuments {
  return async (asked) => {
    if (asked === LOGS || asked.startsWith(`${LOGS}/`)) return logs(options, asked.slice(LOGS.length));
    const path = asked.replace(/(.)\/$/, '$1');
    const isPart = path.startsWith(HEALTH) && !(path in ANSWERS);
    return isPart ? health(options, path.slice(HEALTH.length)) : ANSWERS[path]?.(options);
  };
}

async function logs(
  { logFolder = '/var/log' }: BoardDocumentsOptions,
  path: string,
): Promise<BoardDocument | BoardFile | undefined> {
  const { systemLog } = await import('./logs/system-log.ts');
  return systemLog(logFolder, path);
}

async function health(
  { checks = {} }: BoardDocumentsOptions,
  name: string,
): Promise<BoardDocument | undefined> {
  if (!Object.hasOwn(checks, name)) return undefined;
  const problem = await checks[name]?.();
  return problem === undefined
    ? { type: PLAIN, text: 'ok' }
    : { code: 500, type: PLAIN, text: `${name}: ${problem}\n` };
}

/** As upstream: made from what runs alone, so that a container which nobody wants any more is seen here. */
function runningPods(running: readonly RuntimeContainer[]): object[] {
  return [...Map.groupBy(running, ({ podUid }) => podUid)].map(([uid, containers]) => ({
    metadata: { ...splitKey(containers[0]?.podKey ?? ''), uid, creationTimestamp: null },
    spec: {
      containers: containers
        .filter(({ containerName }) => containerName !== undefined)
        .map(({ containerName: name, image }) => ({ name, image, resources: {} })),
    },
    status: {},
  }));
}

async function summary({
  nodeName,
  read,
  running,
  load,
  nowMs,
}: BoardDocumentsOptions): Promise<BoardDocument> {
  const { statsSummary } = await import('./metrics/stats-summary.ts');
  const { readInterfaces } = await import('./metrics/network-counters.ts');
  const podInterfaces = new Map<string, InterfaceCounters[]>();
  for (const { containerName, ip, pid, podUid } of running()) {
    const found = containerName === undefined && ip && pid ? await readInterfaces(pid) : undefined;
    if (found) podInterfaces.set(podUid, found);
  }
  const boardInterfaces = await readInterfaces('self');
  const input = { nodeName, load: load(), boardInterfaces, podInterfaces, nowMs: nowMs() };
  return json(statsSummary({ ...input, reading: await read() }));
}

async function figures(
  { nodeName, read, figures: others = [] }: BoardDocumentsOptions,
  withOwn: boolean,
): Promise<BoardDocument> {
  const { kubeletMetrics, resourceMetrics } = await import('./metrics/board-figures.ts');
  const { processMetrics } = await import('../base/metrics/process-metrics.ts');
  const { prometheusText, PROMETHEUS_TEXT_TYPE } = await import('../base/metrics/prometheus-text.ts');
  const reading = await read();
  const own = () => [...kubeletMetrics(nodeName, reading), ...resourceMetrics(reading)];
  const sources = withOwn ? [processMetrics, own, ...others] : [() => resourceMetrics(reading)];
  return { type: PROMETHEUS_TEXT_TYPE, text: await prometheusText(sources) };
}
