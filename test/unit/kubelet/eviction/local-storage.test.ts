// Limits on what pods take of the disk: upstream's words, and how rarely a card is walked for them.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { type LocalUse, localLimitExceeded } from '../../../../src/kubelet/eviction/local-limits.ts';
import { LocalStorageWatch } from '../../../../src/kubelet/eviction/local-storage-watch.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { desiredPod, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const MIB = 1024 * 1024;
const container = (name: string, limit?: string): core.Container => ({
  name,
  image: WEB_IMAGE,
  ...(limit ? { resources: { limits: { 'ephemeral-storage': limit } } } : {}),
});
const podWith = (containers: core.Container[], emptyDir?: core.EmptyDirVolumeSource) =>
  desiredPod({ spec: { containers, ...(emptyDir ? { volumes: [{ name: 'cache', emptyDir }] } : {}) } });
const use = (cacheMiB: number, containersMiB: Record<string, number> = {}): LocalUse => ({
  volumes: { cache: cacheMiB * MIB },
  containers: Object.fromEntries(Object.entries(containersMiB).map(([name, mib]) => [name, mib * MIB])),
});

t.test('each limit is told in upstream\u2019s words', async (t) => {
  const volume = podWith([container('web')], { sizeLimit: '1Mi' });
  t.equal(localLimitExceeded(volume, use(1)), undefined, 'all of it may be used');
  t.equal(localLimitExceeded(volume, use(2)), 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ');
  const one = podWith([container('web', '1Mi'), container('other', '5Mi')]);
  t.equal(
    localLimitExceeded(one, use(0, { web: 2 })),
    'Container web exceeded its local ephemeral storage limit "1Mi". ',
  );
  const all = podWith([container('web', '3Mi'), container('other', '2Mi')], {});
  t.equal(localLimitExceeded(all, use(2, { web: 2, other: 1 })), undefined);
  t.equal(
    localLimitExceeded(all, use(4, { web: 1, other: 1 })),
    'Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ',
  );
});

t.test('without limits, and for what is in memory, nothing is exceeded', async (t) => {
  t.equal(localLimitExceeded(podWith([container('web')], {}), use(9000, { web: 9000 })), undefined);
  const memory = podWith([container('web')], { medium: 'Memory', sizeLimit: '1Mi' });
  t.equal(localLimitExceeded(memory, use(9000)), undefined);
});

function watching(pods: ReturnType<typeof podWith>[]) {
  const clock = new FakeClock();
  const board = { walks: 0, use: use(0), evicted: [] as string[] };
  const watch = new LocalStorageWatch({
    clock,
    logger: silentLogger,
    pods: () => pods,
    use: async () => {
      board.walks++;
      return board.use;
    },
    evict: (_key, _uid, { reason, message }) => board.evicted.push(`${reason}: ${message}`),
  });
  return { board, clock, watch };
}

t.test('a disk is walked when it has taken what was left of a limit, and not before', async (t) => {
  const { board, watch, clock } = watching([podWith([container('web')], { sizeLimit: '10Mi' })]);
  await watch.observe(100 * MIB);
  t.equal(board.walks, 1, 'once to begin with');
  for (let beat = 0; beat < 10; beat++) {
    await clock.advance(10_000);
    await watch.observe(109 * MIB);
  }
  t.equal(board.walks, 1);
  board.use = use(10.5);
  await watch.observe(111 * MIB);
  t.equal(board.walks, 2);
  t.same(board.evicted, ['Evicted: Usage of EmptyDir volume "cache" exceeds the limit "10Mi". ']);
});

t.test('what others delete hides it for five minutes at most, and an idle disk is left alone', async (t) => {
  const { board, watch, clock } = watching([podWith([container('web')], { sizeLimit: '10Mi' })]);
  await watch.observe(100 * MIB);
  await clock.advance(3_600_000);
  await watch.observe(100 * MIB);
  t.equal(board.walks, 1);
  await watch.observe(99 * MIB);
  t.equal(board.walks, 2);
});

t.test('pods without limits cost no walk', async (t) => {
  const { board, watch } = watching([podWith([container('web')], {})]);
  for (const usedMiB of [100, 900]) await watch.observe(usedMiB * MIB);
  t.equal(board.walks, 0);
});
