import t from 'tap';
import { silentLogger } from '../../../../src/base/logger.ts';
import {
  type Candidate,
  evictionMessage,
  evictionOrder,
} from '../../../../src/kubelet/eviction/eviction-order.ts';
import { Evictor } from '../../../../src/kubelet/eviction/evictor.ts';
import type { Shortage } from '../../../../src/kubelet/health/thresholds.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { desiredPod, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const MIB = 1024 * 1024;
const low: Shortage = {
  resource: 'memory',
  pressure: 'MemoryPressure',
  available: 72 * MIB + 1024,
  threshold: 100 * MIB,
};

function candidate(name: string, usedMiB: number, request: string | undefined, priority = 0): Candidate {
  const resources = request ? { requests: { memory: request } } : {};
  const spec = { priority, containers: [{ name: 'web', image: WEB_IMAGE, resources }] };
  const used = { memory: usedMiB * MIB };
  return { pod: desiredPod({ name, spec }), used, containers: { web: used } };
}
const names = (list: readonly Candidate[]) => list.map(({ pod }) => pod.metadata.name);

t.test('those above their request go first, then the less important, then the greediest', async (t) => {
  const pods = [
    candidate('within-its-request', 500, '600Mi'),
    candidate('important', 900, undefined, 1000),
    candidate('small', 10, undefined),
    candidate('greedy', 80, undefined),
    candidate('a-little-above', 210, '200Mi'),
    candidate('system', 900, undefined, 2_000_001_000),
  ];
  t.same(names(evictionOrder('memory', pods)), [
    'greedy',
    'small',
    'a-little-above',
    'important',
    'within-its-request',
  ]);
});

t.test('pods that lie on the board itself are never chosen', async (t) => {
  const own = candidate('static', 500, undefined);
  own.pod.metadata.annotations = { 'kubernetes.io/config.source': 'file' };
  t.same(evictionOrder('memory', [own]), []);
});

t.test('of processes nobody can ask for any: priority decides, then the number', async (t) => {
  const of = (name: string, pids: number, priority: number) => ({
    ...candidate(name, 0, undefined, priority),
    used: { pids },
  });
  const pods = [of('few', 3, 0), of('fork-bomb', 3000, 0), of('important-bomb', 9000, 10)];
  t.same(names(evictionOrder('pids', pods)), ['fork-bomb', 'few', 'important-bomb']);
});

t.test('the message says what upstream says', async (t) => {
  t.equal(
    evictionMessage(low, candidate('greedy', 80, undefined)),
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 73729Ki. ' +
      'Container web was using 80Mi, request is 0, has larger consumption of memory. ',
  );
  t.equal(
    evictionMessage({ ...low, resource: 'pids', available: 9, threshold: 10 }, candidate('a', 1, undefined)),
    'The node was low on resource: pids. Threshold quantity: 10, available: 9. ',
  );
});

t.test(
  'one pod at a time, and the next only once the last is gone and what that gave back was measured',
  async (t) => {
    const clock = new FakeClock();
    const evicted: string[] = [];
    const gone = new Set<string>();
    const events: string[] = [];
    const pods = ['greedy', 'small', 'last'].map((name, index) => candidate(name, 80 - index, undefined));
    const evictor = new Evictor({
      clock,
      logger: silentLogger,
      pods: () => pods.map(({ pod }) => pod).filter(({ metadata }) => !evicted.includes(metadata.name)),
      use: async (_, wanted) => pods.filter(({ pod }) => wanted.includes(pod)),
      reclaim: async () => undefined,
      evict: (key) => evicted.push(key.split('/')[1] ?? ''),
      isGone: (uid) => gone.has(uid),
      event: ({ reason, message }) => events.push(`${reason}: ${message}`),
    });
    const beat = async () => {
      await evictor.relieve([low]);
      await clock.advance(5_000);
      return evicted.join(' ');
    };
    t.equal(await beat(), 'greedy');
    t.same(events, ['EvictionThresholdMet: Attempting to reclaim memory']);
    t.equal(await beat(), 'greedy');
    t.equal(await beat(), 'greedy', 'a slow board takes its time to remove a pod');
    gone.add(pods[0]?.pod.metadata.uid ?? '');
    t.equal(await beat(), 'greedy', 'this beat may have been measured before');
    t.equal(await beat(), 'greedy small');
    for (let waitedMs = 5_000; waitedMs <= 30_000; waitedMs += 5_000) t.equal(await beat(), 'greedy small');
    t.equal(await beat(), 'greedy small last', 'one that does not go is not waited for any longer');
    t.equal(events.length, 3);
  },
);

t.test('with nobody left to end it is told every 10 s and not with each beat', async (t) => {
  const clock = new FakeClock();
  const events: string[] = [];
  const evictor = new Evictor({
    clock,
    logger: silentLogger,
    pods: () => [],
    use: async () => [],
    reclaim: async () => undefined,
    evict: () => t.fail('nobody is there'),
    isGone: () => true,
    event: ({ reason }) => events.push(reason),
  });
  for (let beat = 0; beat < 12; beat++) {
    await evictor.relieve([low]);
    await clock.advance(5_000);
  }
  t.equal(events.length, 6);
});

t.test('use that cannot be measured evicts nobody', async (t) => {
  const evicted: string[] = [];
  const evictor = new Evictor({
    clock: new FakeClock(),
    logger: silentLogger,
    pods: () => [desiredPod()],
    use: async () => {
      throw new Error('no cgroups');
    },
    reclaim: async () => undefined,
    evict: (key) => evicted.push(key),
    isGone: () => true,
    event: () => undefined,
  });
  await evictor.relieve([low]);
  t.same(evicted, []);
});

t.test('what no pod needs goes before a pod does, and a pod only when nothing was given back', async (t) => {
  const clock = new FakeClock();
  const evicted: string[] = [];
  const given = ['5 MB of images'];
  const asked: string[] = [];
  const pod = desiredPod();
  const evictor = new Evictor({
    clock,
    logger: silentLogger,
    pods: () => [pod],
    use: async () => [candidate('greedy', 80, undefined)],
    reclaim: async (resource) => {
      asked.push(resource);
      return given.shift();
    },
    evict: (key) => evicted.push(key),
    isGone: () => true,
    event: () => undefined,
  });
  const disk = {
    resource: 'ephemeral-storage',
    pressure: 'DiskPressure',
    available: 1,
    threshold: 2,
  } as const;
  await evictor.relieve([disk]);
  t.same(evicted, []);
  await clock.advance(10_000);
  await evictor.relieve([disk]);
  t.same(asked, ['ephemeral-storage', 'ephemeral-storage']);
  t.equal(evicted.length, 1);
});

t.test('a pod is evicted though what nobody needs cannot be removed', async (t) => {
  const evicted: string[] = [];
  const greedy = candidate('greedy', 80, undefined);
  const evictor = new Evictor({
    clock: new FakeClock(),
    logger: silentLogger,
    pods: () => [greedy.pod],
    use: async () => [greedy],
    reclaim: async () => {
      throw new Error('podman is away');
    },
    evict: (key) => evicted.push(key),
    isGone: () => true,
    event: () => undefined,
  });
  await evictor.relieve([{ resource: 'inodes', pressure: 'DiskPressure', available: 1, threshold: 2 }]);
  t.equal(evicted.length, 1);
});
