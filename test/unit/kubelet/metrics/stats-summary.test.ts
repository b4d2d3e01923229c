// /stats/summary as tools read it: what is known by upstream's names, what is not left out.
import t from 'tap';
import type { MeteredContainer } from '../../../../src/kubelet/metrics/board-figures.ts';
import { parseInterfaces } from '../../../../src/kubelet/metrics/network-counters.ts';
import { statsSummary } from '../../../../src/kubelet/metrics/stats-summary.ts';

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   29300     293    0    0    0     0          0         0    29300     293    0    0    0     0       0          0
  eth0: 7123456   61234    3    1    0     0          0         0   812345   51234    2    0    0     0       0          0
`;

const time = '2026-01-01T00:00:10Z';
const startedAt = '2026-01-01T00:00:00.123Z';
const started = '2026-01-01T00:00:00Z';
const container = (name: string | undefined, more: Partial<MeteredContainer> = {}): MeteredContainer => ({
  podKey: 'shop/web',
  podUid: 'u1',
  name,
  startedAt,
  counters: { cpuNs: 2e9, workingSetBytes: 4096 },
  usage: { cpuNanocores: 100, workingSetBytes: 4096, windowMs: 60_000 },
  ...more,
});

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into.
const summaryOf = (containers: MeteredContainer[], more: object = {}): any =>
  statsSummary({
    nodeName: 'pi',
    reading: {
      board: { cpuNs: 9e9, workingSetBytes: 1e6 },
      usage: { cpuNanocores: 5, windowMs: 60_000 },
      bootedAtMs: Date.parse('2025-12-31T00:00:00Z'),
      containers,
    },
    load: undefined,
    boardInterfaces: undefined,
    podInterfaces: new Map(),
    nowMs: Date.parse(time),
    ...more,
  });

t.test('interfaces are read as the kernel writes them, without the loopback', async (t) => {
  const eth0 = { name: 'eth0', rxBytes: 7123456, rxErrors: 3, txBytes: 812345, txErrors: 2 };
  t.same(parseInterfaces(NET_DEV), [eth0]);
});

t.test('a pod is told with its containers, and their sum with the pause container', async (t) => {
  const interfaces = parseInterfaces(NET_DEV);
  const podInterfaces = new Map([['u1', interfaces]]);
  const { pods } = summaryOf([container(undefined), container('main')], { podInterfaces });
  t.same(pods, [
    {
      podRef: { name: 'web', namespace: 'shop', uid: 'u1' },
      startTime: started,
      containers: [
        {
          name: 'main',
          startTime: started,
          cpu: { time, usageNanoCores: 100, usageCoreNanoSeconds: 2e9 },
          memory: { time, workingSetBytes: 4096 },
        },
      ],
      cpu: { time, usageNanoCores: 200, usageCoreNanoSeconds: 4e9 },
      memory: { time, workingSetBytes: 8192 },
      network: { time, ...interfaces[0], interfaces },
    },
  ]);
});

t.test('what is not known is left out, and so is the sum that it belongs to', async (t) => {
  const unknown = container('main', { counters: { cpuNs: 1 }, usage: undefined });
  const [pod] = summaryOf([container(undefined), unknown]).pods;
  t.same(pod.containers[0].memory, { time });
  t.same(pod.containers[0].cpu, { time, usageCoreNanoSeconds: 1 });
  t.same(pod.memory, { time });
  t.same(pod.cpu, { time, usageCoreNanoSeconds: 2e9 + 1 });
  t.notOk('network' in pod);
  t.same(Object.keys(summaryOf([]).node), ['nodeName', 'startTime', 'cpu', 'memory']);
});

t.test('the board has its disk from the last heartbeat, that of images too', async (t) => {
  const disk = { totalBytes: 100, usedBytes: 40, availableBytes: 50, inodes: { total: 10, free: 4 } };
  const load = { time: startedAt, disk, memory: { totalBytes: 1000, usedBytes: 300 } };
  const { node } = summaryOf([], { load });
  const fs = { time: startedAt, availableBytes: 50, capacityBytes: 100, usedBytes: 40 };
  t.same(node.fs, { ...fs, inodesFree: 4, inodes: 10, inodesUsed: 6 });
  t.same(node.runtime.imageFs, node.fs);
  t.equal(node.memory.availableBytes, 700);
  t.equal(node.startTime, '2025-12-31T00:00:00Z');
});
