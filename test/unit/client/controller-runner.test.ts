import t from 'tap';
import { conflict } from '../../../src/api/status-error.ts';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { ControllerRunner } from '../../../src/client/controller-runner.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function setUp(reconcile: (key: string) => Promise<{ requeueAfterMs?: number } | undefined>, workers = 1) {
  const clock = new FakeClock();
  const warnings: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields.err) };
  return {
    clock,
    warnings,
    runner: new ControllerRunner({ name: 'test', reconcile, clock, logger, workers }),
  };
}

t.test('keys from before the start are worked on too', async (t) => {
  const seen: string[] = [];
  const { runner } = setUp(async (key) => void seen.push(key) as undefined);
  runner.enqueue('a');
  await runner.start();
  t.teardown(() => runner.stop());
  await settle();
  t.same(seen, ['a']);
});

t.test('a failure is tried again with back-off, and is logged unless it is a conflict', async (t) => {
  let tries = 0;
  const { runner, clock, warnings } = setUp(async () => {
    tries += 1;
    if (tries === 1) throw conflict({ group: '', kind: 'pods', name: 'a' }, 'changed');
    if (tries === 2) throw new Error('broken');
    return undefined;
  });
  await runner.start();
  t.teardown(() => runner.stop());
  runner.enqueue('a');
  await settle();
  t.equal(tries, 1);
  await clock.advance(5);
  t.equal(tries, 2);
  await clock.advance(9);
  t.equal(tries, 2);
  await clock.advance(1);
  t.equal(tries, 3);
  await clock.advance(600_000);
  t.equal(tries, 3);
  t.match(warnings, [{ message: 'broken' }]);
  t.equal(warnings.length, 1);
});

t.test('a key that asks to be looked at later is', async (t) => {
  let tries = 0;
  const { runner, clock } = setUp(async () => {
    tries += 1;
    return tries === 1 ? { requeueAfterMs: 1000 } : undefined;
  });
  await runner.start();
  t.teardown(() => runner.stop());
  runner.enqueue('a');
  await settle();
  await clock.advance(999);
  t.equal(tries, 1);
  await clock.advance(1);
  t.equal(tries, 2);
});

t.test('stopping waits for what runs and starts nothing more', async (t) => {
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const { runner } = setUp(async (key) => {
    log.push(`begin ${key}`);
    await gate.promise;
    log.push(`end ${key}`);
    return undefined;
  }, 2);
  await runner.start();
  for (const key of ['a', 'b', 'c']) runner.enqueue(key);
  await settle();
  const stopped = runner.stop().then(() => log.push('stopped'));
  await settle();
  t.same(log, ['begin a', 'begin b']);
  gate.resolve();
  await stopped;
  t.same(log, ['begin a', 'begin b', 'end a', 'end b', 'stopped']);
});
