import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { type PassResult, PodWorkers } from '../../../src/kubelet/pod-workers.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function workersFor(reconcile: (key: string) => Promise<PassResult>) {
  const clock = new FakeClock();
  return { clock, workers: new PodWorkers({ clock, logger: silentLogger, reconcile }) };
}

t.test('looks during a pass lead to exactly one more pass, never to two at once', async (t) => {
  let running = 0;
  let passes = 0;
  const gates: (() => void)[] = [];
  const { workers } = workersFor(async () => {
    t.equal(++running, 1);
    passes++;
    await new Promise<void>((resolve) => gates.push(resolve));
    running--;
    return {};
  });
  workers.look('a');
  await settle();
  workers.look('a');
  workers.look('a');
  gates.shift()?.();
  await settle();
  t.equal(passes, 2);
  gates.shift()?.();
  await workers.stop();
  t.equal(passes, 2);
});

t.test('different pods run side by side', async (t) => {
  const seen: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { workers } = workersFor(async (key) => {
    seen.push(key);
    await gate;
    return {};
  });
  workers.look('a');
  workers.look('b');
  await settle();
  t.same(seen, ['a', 'b']);
  release();
  await workers.stop();
});

t.test('a pass that throws is tried again after 1 s, 2 s, and at once when something happens', async (t) => {
  let passes = 0;
  const { workers, clock } = workersFor(async () => {
    passes++;
    throw new Error('no');
  });
  workers.look('a');
  await settle();
  await clock.advance(1_000);
  t.equal(passes, 2);
  await clock.advance(1_999);
  t.equal(passes, 2);
  await clock.advance(1);
  t.equal(passes, 3);
  workers.look('a');
  await settle();
  t.equal(passes, 4);
  await workers.stop();
});

t.test('a pass may ask for another one later; stop ends that', async (t) => {
  let passes = 0;
  const { workers, clock } = workersFor(async () => {
    passes++;
    return { requeueAfterMs: 500 };
  });
  workers.look('a');
  await settle();
  await clock.advance(500);
  t.equal(passes, 2);
  await workers.stop();
  await clock.advance(5_000);
  workers.look('a');
  await settle();
  t.equal(passes, 2);
});
