// Which images go when the disk is nearly full.
import t from 'tap';
import { silentLogger } from '../../../../src/base/logger.ts';
import {
  bytesToFree,
  type Collectable,
  imagesToRemove,
  defaultCollectionLimits as limits,
} from '../../../../src/kubelet/images/decide-collection.ts';
import { ImageCollector } from '../../../../src/kubelet/images/image-collector.ts';
import { ImageInventory } from '../../../../src/kubelet/images/image-inventory.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { imageIdOf } from '../../../support/fake-image-store.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

const disk = (availableBytes: number) => ({ totalBytes: 100, availableBytes });
const image = (id: string, lastUsedMs: number, more: Partial<Collectable> = {}): Collectable => ({
  id,
  sizeBytes: 10,
  isInUse: false,
  firstSeenMs: 0,
  lastUsedMs,
  ...more,
});

t.test('nothing goes below the high mark, and from there on down to the low one', async (t) => {
  t.equal(bytesToFree(disk(16), limits), 0);
  t.equal(bytesToFree(disk(15), limits), 5);
  t.equal(bytesToFree(disk(0), { ...limits, highPercent: 100 }), 0, 'never at 100');
});

t.test('what was not used for longest goes first, what is used or new never', async (t) => {
  const images = [
    image('late', 30),
    image('early', 10),
    image('used', 1, { isInUse: true }),
    image('new', 2, { firstSeenMs: 999_000 }),
  ];
  const ids = (bytes: number) => imagesToRemove(images, bytes, 1_000_000, 120_000).map(({ id }) => id);
  t.same(ids(5), ['early']);
  t.same(ids(11), ['early', 'late']);
  t.same(ids(1000), ['early', 'late']);
});

t.test('a full disk is seen within five minutes, and what cannot be freed is told', async (t) => {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock, images: ['r/old:1', 'r/named:1', 'localhost/edge-pause:1'] });
  const warnings: string[] = [];
  let availableBytes = 50_000_000;
  let reports = 0;
  const list = async () => (await runtime.imageStore()).list();
  const inventory = new ImageInventory({ list, clock, told: () => reports++ });
  const collector = new ImageCollector({
    inventory,
    limits,
    disk: async () => ({ totalBytes: 100_000_000, availableBytes }),
    uses: () => ({
      ids: new Set([imageIdOf('localhost/edge-pause:1')]),
      names: new Set(['r/named:1', 'docker.io/r/named:1']),
    }),
    remove: async (id) => (await runtime.imageStore()).remove(id),
    warn: (reason) => warnings.push(reason),
    clock,
    logger: silentLogger,
  });
  runtime.images.delete('r/named:1');
  runtime.images.add('docker.io/r/named:1');
  t.teardown(() => collector.stop());
  await collector.start();
  await inventory.refresh();
  await clock.advance(300_000);
  await settle();
  t.equal(reports, 1, 'podman is not asked while there is room');
  availableBytes = 1_000_000;
  await clock.advance(300_000);
  await settle();
  t.same([...runtime.images].sort(), ['docker.io/r/named:1', 'localhost/edge-pause:1']);
  t.same(warnings, ['FreeDiskSpaceFailed'], 'one image was not enough');
});
