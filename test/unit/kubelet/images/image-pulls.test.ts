// How a board fetches images: bounded, in turn, from mirrors and with credentials.
import t from 'tap';
import { silentLogger } from '../../../../src/base/logger.ts';
import { ImagePulls, type Neighbours } from '../../../../src/kubelet/images/image-pulls.ts';
import { noRegistries, parseRegistries, type Registries } from '../../../../src/kubelet/images/registries.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

function board(registries: Registries = noRegistries, neighbours?: Neighbours) {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock });
  const known = { registries, problems: ['the file is not heeded'], credentials: () => [] };
  const pulls = new ImagePulls({
    runtime,
    clock,
    logger: silentLogger,
    neighbours,
    settings: { current: async () => known },
  });
  const pull = (image: string, password?: string) => {
    const keyring = password ? [{ place: 'r.local', auth: { username: 'u', password } }] : [];
    return pulls.pull({ image, keyring, mayComeFromNeighbour: true });
  };
  return { clock, runtime, pull };
}

t.test('two pulls run at a time, others wait their turn and say how long', async (t) => {
  const { clock, runtime, pull } = board();
  runtime.startDelayMs = 1000;
  const images = ['r.local/a:1', 'r.local/b:1', 'r.local/c:1'];
  for (const image of images) runtime.pullable.add(image);
  const all = Promise.all(images.map((image) => pull(image)));
  for (let i = 0; i < 3; i++) {
    await settle();
    await clock.advance(1000);
  }
  const fetched = await all;
  t.equal(runtime.mostPullsAtOnce, 2);
  t.match(fetched[2], { tookMs: 1000, tookWithWaitingMs: 2000, sizeBytes: 1_000_000 });
});

t.test('who wants the same shares one pull; other credentials come after it', async (t) => {
  const { clock, runtime, pull } = board();
  runtime.startDelayMs = 1000;
  runtime.pullable.add('r.local/a:1');
  runtime.passwords.set('r.local/a:1', 'right');
  const first = pull('r.local/a:1', 'wrong').catch((error: Error) => error.message);
  const same = pull('r.local/a:1', 'wrong').catch((error: Error) => error.message);
  const other = pull('r.local/a:1', 'right');
  for (let i = 0; i < 3; i++) {
    await settle();
    await clock.advance(1000);
  }
  t.match(await first, /unauthorized.*the file is not heeded/);
  t.equal(await same, await first);
  t.match(await other, { neighbour: undefined });
  t.same(runtime.pulled.length, 2);
  t.equal(runtime.mostPullsAtOnce, 1);
});

t.test('a mirror that does not have it is passed over, and its name does not stay', async (t) => {
  const { runtime, pull } = board(
    parseRegistries({ mirrors: { '*': { endpoint: ['https://one.local', 'https://two.local:5000'] } } }),
  );
  runtime.pullable.add('two.local:5000/library/redis:7');
  await pull('redis:7');
  t.same(
    runtime.sources.map(({ reference }) => reference),
    ['one.local/library/redis:7', 'two.local:5000/library/redis:7'],
  );
  t.same([...runtime.images], ['redis:7']);
});

t.test('what nobody has tells of every place that was asked', async (t) => {
  const { pull } = board(parseRegistries({ mirrors: { '*': { endpoint: ['https://one.local'] } } }));
  await t.rejects(pull('redis:7'), {
    reason: 'ErrImagePull',
    message: /one\.local\/library\/redis:7.*redis:7/,
  });
  await t.rejects(pull('localhost/x:1'), { message: /localhost\/ images cannot be pulled/ });
});

t.test('a pull that fails tells each place that was asked, boards first', async (t) => {
  const mirrors = parseRegistries({ mirrors: { 'r.local': { endpoint: ['https://mirror.local'] } } });
  const { pull } = board(mirrors, {
    fetch: async (_image, _keyring, problems) => {
      problems.push('node "a" refused');
      return undefined;
    },
  });
  await t.rejects(pull('r.local/a:1'), {
    reason: 'ErrImagePull',
    message: /^node "a" refused; .*mirror\.local.*; .*r\.local/,
  });
});
