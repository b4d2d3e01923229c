// What a board tells Prometheus, by the names of upstream's kubelet. Counters are read from the cgroup files at the
// scrape; what the kernel does not count is left out. Loaded when somebody asks.
// https://kubernetes.io/docs/reference/instrumentation/node-metrics/
import type { Metric, MetricSample } from '../../base/metrics/metric.ts';
import type { Counters } from './cgroup-counters.ts';
import { sumOfAll } from './sum-of-all.ts';
import type { Usage } from './usage-window.ts';

export interface MeteredContainer {
  /** `namespace/name` */
  podKey: string;
  podUid: string;
  /** `undefined` for the pause container. */
  name: string | undefined;
  startedAt: string | undefined;
  /** `undefined` when it is gone. */
  counters: Counters | undefined;
  /** Over the last minute; `undefined` until it is known. */
  usage: Usage | undefined;
}

export interface BoardReading {
  board: Counters;
  usage: Usage | undefined;
  bootedAtMs: number;
  containers: readonly MeteredContainer[];
}

/** `/metrics/resource` */
export function resourceMetrics({ board, containers }: BoardReading): Metric[] {
  const named = containers.filter(({ name }) => name !== undefined);
  const pods = [...Map.groupBy(containers, ({ podKey }) => podKey)].map(([podKey, group]) => ({
    labels: podLabels(podKey),
    counters: sumOfAll(
      group.map(({ counters }) => counters),
      ['cpuNs', 'workingSetBytes'],
    ),
  }));
  const each = named.map((container) => ({ labels: labelsOf(container), counters: container.counters }));
  const self = [{ labels: {}, counters: board }];
  return [
    cpu('container', 'container', each),
    memory('container', 'container', each),
    cpu('pod', 'pod', pods),
    memory('pod', 'pod', pods),
    cpu('node', 'node', self),
    memory('node', 'node', self),
    {
      name: 'container_start_time_seconds',
      help: 'Start time of the container since unix epoch in seconds',
      type: 'gauge',
      samples: named.flatMap((container) =>
        container.startedAt
          ? [{ labels: labelsOf(container), value: Date.parse(container.startedAt) / 1000 }]
          : [],
      ),
    },
  ];
}

/** What `/metrics` has of the kubelet's own. */
export function kubeletMetrics(node: string, { containers }: BoardReading): Metric[] {
  const gauge = (name: string, help: string, samples: MetricSample[]): Metric => ({
    name,
    help,
    type: 'gauge',
    samples,
  });
  const pods = new Set(containers.map(({ podKey }) => podKey)).size;
  const running = containers.filter(({ name }) => name !== undefined).length;
  return [
    gauge('kubelet_node_name', "The node's name. The count is always 1.", [{ labels: { node }, value: 1 }]),
    gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', [{ value: pods }]),
    gauge('kubelet_running_containers', 'Number of containers currently running', [
      { labels: { container_state: 'running' }, value: running },
    ]),
  ];
}

interface Measured {
  labels: Readonly<Record<string, string>>;
  counters: Counters | undefined;
}

const cpu = (prefix: string, what: string, measured: readonly Measured[]): Metric => ({
  name: `${prefix}_cpu_usage_seconds_total`,
  help: `Cumulative cpu time consumed by the ${what} in core-seconds`,
  type: 'counter',
  samples: measured.flatMap(({ labels, counters }) =>
    counters?.cpuNs === undefined ? [] : [{ labels, value: counters.cpuNs / 1e9 }],
  ),
});

const memory = (prefix: string, what: string, measured: readonly Measured[]): Metric => ({
  name: `${prefix}_memory_working_set_bytes`,
  help: `Current working set of the ${what} in bytes`,
  type: 'gauge',
  samples: measured.flatMap(({ labels, counters }) =>
    counters?.workingSetBytes === undefined ? [] : [{ labels, value: counters.workingSetBytes }],
  ),
});

function podLabels(podKey: string): { namespace: string; pod: string } {
  const [namespace = '', pod = ''] = podKey.split('/');
  return { namespace, pod };
}

const labelsOf = ({ name = '', podKey }: MeteredContainer) => ({ container: name, ...podLabels(podKey) });
