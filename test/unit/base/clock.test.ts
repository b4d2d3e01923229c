// The system's clock: what Node's own timers would make 1 ms of.
import t from 'tap';
import { systemClock } from '../../../src/base/clock.ts';
import { settle } from '../../support/fake-clock.ts';

t.test('a wait of more than 24.8 days is one, and can be cancelled', async (t) => {
  const warnings: string[] = [];
  const warn = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warn);
  t.teardown(() => process.off('warning', warn));
  const timer = systemClock.after(40 * 24 * 3_600_000, () => t.fail('it came at once'));
  const short = new Promise<void>((resolve) => systemClock.after(5, resolve));
  const keepAlive = setInterval(() => undefined, 1);
  await short;
  await settle();
  clearInterval(keepAlive);
  timer.cancel();
  t.same(warnings, []);
});
