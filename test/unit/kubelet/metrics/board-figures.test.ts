// The figures of a board by upstream's names, and which paths it answers.
import t from 'tap';
import type { Pod } from '../../../../src/api/objects.ts';
import { boardDocuments } from '../../../../src/kubelet/board-documents.ts';
import type { MeteredContainer } from '../../../../src/kubelet/metrics/board-figures.ts';
import type { BoardDocument } from '../../../../src/kubelet/streams/serve-board.ts';

const startedAt = '2026-01-01T00:00:00Z';
const metered = (podKey: string, name: string | undefined, cpuNs?: number): MeteredContainer => ({
  podKey,
  podUid: podKey,
  name,
  startedAt,
  usage: undefined,
  counters: cpuNs === undefined ? undefined : { cpuNs, workingSetBytes: 1000 },
});

function ask(containers: MeteredContainer[], path: string) {
  const documents = boardDocuments({
    nodeName: 'pi',
    read: async () => ({ board: { cpuNs: 5e9 }, usage: undefined, bootedAtMs: 0, containers }),
    pods: () => [{ metadata: { name: 'web' } } as Pod],
    running: () => [],
    load: () => undefined,
    config: () => ({ maxPods: 250 }),
    nowMs: () => 0,
  });
  return documents(path) as Promise<BoardDocument | undefined>;
}

t.test('containers, pods and the board are counted from the same reading', async (t) => {
  const containers = [metered('n/web', undefined, 1e9), metered('n/web', 'main', 2e9)];
  const { type, text } = (await ask(containers, '/metrics/resource'))!;
  t.match(type, /^text\/plain; version=0\.0\.4/);
  const lines = text.split('\n');
  for (const line of [
    'container_cpu_usage_seconds_total{container="main",namespace="n",pod="web"} 2',
    'container_memory_working_set_bytes{container="main",namespace="n",pod="web"} 1000',
    'pod_cpu_usage_seconds_total{namespace="n",pod="web"} 3',
    'pod_memory_working_set_bytes{namespace="n",pod="web"} 2000',
    'node_cpu_usage_seconds_total 5',
    'container_start_time_seconds{container="main",namespace="n",pod="web"} 1767225600',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.notMatch(text, /node_memory_working_set_bytes \d/, 'what the kernel does not count is left out');
});

t.test('a pod of which a part is unknown has no sum', async (t) => {
  const { text } = (await ask(
    [metered('n/web', undefined), metered('n/web', 'main', 2e9)],
    '/metrics/resource',
  ))!;
  t.notMatch(text, /pod_cpu_usage_seconds_total\{/);
  t.match(text, /container_cpu_usage_seconds_total\{container="main"/);
});

t.test('/metrics has the process and what runs beside', async (t) => {
  const containers = [metered('n/a', undefined, 1), metered('n/a', 'x', 1), metered('n/b', undefined, 1)];
  const { text } = (await ask(containers, '/metrics'))!;
  t.match(text, /^kubelet_node_name\{node="pi"\} 1$/m);
  t.match(text, /^kubelet_running_pods 2$/m);
  t.match(text, /^kubelet_running_containers\{container_state="running"\} 1$/m);
  t.match(text, /^process_resident_memory_bytes \d+$/m);
});

t.test('health and pods are told, other paths are not there', async (t) => {
  t.match(await ask([], '/healthz'), { text: 'ok' });
  t.match(JSON.parse((await ask([], '/pods'))!.text), {
    kind: 'PodList',
    items: [{ metadata: { name: 'web' } }],
  });
  for (const path of ['/', '/metrics/x', '/metricsx', '/exec/n/web/main', '/flagz']) {
    t.equal(await ask([], path), undefined, path);
  }
});
