// Source: pkg/controller/disruption/disruption.go syncStalePodDisruption
import t from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { type Pod, timestamp } from '../../../src/api/objects.ts';
import { StaleDisruptionController, staleInMs } from '../../../src/controllers/stale-disruption.ts';
import { makePod } from '../../support/make-pod.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const target = (change: object = {}) => ({
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'PreemptionByScheduler',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...change,
});
const withTarget = (condition: object, more: object = {}): Pod => {
  const pod = makePod(more);
  return { ...pod, status: { ...pod.status, conditions: [condition] } } as Pod;
};

const cases: [name: string, pod: Pod, atMs: number, expected: number | undefined][] = [
  ['it is stale after two minutes', withTarget(target()), NOW, 60_000],
  ['and stays so', withTarget(target()), NOW + 600_000, 0],
  ['a pod that goes is on its way', withTarget(target(), { deletedAt: 'x' }), NOW, undefined],
  ['a board may take its time', withTarget(target({ reason: 'TerminationByKubelet' })), NOW, undefined],
  ['what was taken back stands', withTarget(target({ status: 'False' })), NOW, undefined],
  ['nobody else is concerned', makePod(), NOW, undefined],
];
for (const [name, pod, atMs, expected] of cases) {
  t.test(name, async (t) => t.equal(staleInMs(pod, atMs), expected));
}

t.test('a pod that was marked and not deleted loses the mark, with its reason', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, clock } = cluster;
  await cluster.run(new StaleDisruptionController(cluster.options));
  const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
  const metadata = { name: 'p', namespace: 'default' };
  await client.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const marked = target({ message: 'going', lastTransitionTime: timestamp(clock.now()) });
  const body = { status: { conditions: [marked] } };
  await client.patch(pods, 'default/p', { type: 'strategic', body }, 'status');
  const told = async () =>
    findCondition((await client.get(pods, 'default/p')).status?.conditions, 'DisruptionTarget');
  await clock.advance(119_000);
  t.equal((await told())?.status, 'True');
  await clock.advance(1000);
  await settles(async () => (await told())?.status === 'False');
  const { reason, message } = (await told()) ?? {};
  t.same([reason, message], [undefined, undefined]);
});
