// What the work queues say of themselves.
import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { ControllerRunner } from '../../../src/client/controller-runner.ts';
import { QueueFigures } from '../../../src/client/queue-figures.ts';
import { FakeClock } from '../../support/fake-clock.ts';

t.test('a queue says what waits, what came and what was tried again', async (t) => {
  const clock = new FakeClock();
  const figures = new QueueFigures();
  let release = () => {};
  const reconcile = async (key: string) => {
    if (key === 'bad') throw new Error('no');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  };
  const runner = new ControllerRunner({ name: 'x', reconcile, clock, logger: silentLogger, figures });
  await runner.start();
  const seen = () => Object.fromEntries(figures.metrics().map(({ name, samples }) => [name, samples]));
  for (const key of ['bad', 'slow', 'c', 'c', 'd']) runner.enqueue(key);
  await clock.advance(1);
  t.same(seen(), {
    workqueue_depth: [{ labels: { name: 'x' }, value: 2 }],
    workqueue_adds_total: [{ labels: { name: 'x' }, value: 4 }],
    workqueue_retries_total: [{ labels: { name: 'x' }, value: 1 }],
  });
  const stopped = runner.stop();
  release();
  await stopped;
});
