import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { ContainerCache } from '../../../src/kubelet/container-cache.ts';
import { EngineLink } from '../../../src/kubelet/engine-link.ts';
import { RuntimeError } from '../../../src/kubelet/runtime/runtime.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';

function linkFor(clock = new FakeClock()) {
  const runtime = new FakeRuntime({ clock });
  const problems: (string | undefined)[] = [];
  const link = new EngineLink({
    runtime,
    cache: new ContainerCache(),
    clock,
    logger: silentLogger,
    look: () => {},
    problemChanged: (problem) => problems.push(problem?.message),
  });
  return { clock, runtime, problems, link };
}

t.test(
  'a start without the engine resolves and says what is missing; it is found when it appears',
  async (t) => {
    const { link, runtime, clock, problems } = linkFor();
    runtime.unavailable('no podman');
    await link.start();
    t.equal(link.isListed, false);
    t.same(problems, ['no podman']);
    await clock.advance(2_000);
    t.same(problems, ['no podman'], 'the same problem is said once');
    runtime.available();
    await clock.advance(4_000);
    t.same(problems, ['no podman', undefined]);
    t.equal(link.isListed, true);
    await link.stop();
  },
);

t.test('calls that fail while the engine is there are no problem of the board', async (t) => {
  const { link, clock, problems } = linkFor();
  await link.start();
  const error = new RuntimeError('RuntimeUnavailable', 'no such container');
  link.suspect(error);
  link.suspect(error);
  await clock.advance(10_000);
  t.same(problems, []);
  await link.stop();
});

t.test('an engine that goes away is told within a second', async (t) => {
  const { link, clock, runtime, problems } = linkFor();
  await link.start();
  runtime.unavailable('gone');
  link.suspect(new RuntimeError('RuntimeUnavailable', 'gone'));
  await clock.advance(500);
  await settle();
  t.same(problems, ['gone']);
  await link.stop();
});

t.test('a container that cannot be made is nothing to suspect the engine of', async (t) => {
  const { link, clock, runtime, problems } = linkFor();
  await link.start();
  runtime.unavailable('gone');
  link.suspect(new RuntimeError('CreateContainerError', 'bad'));
  await clock.advance(10_000);
  t.same(problems, []);
  await link.stop();
});
