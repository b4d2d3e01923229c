// Joining a master while this board's clock is not set.
import t from 'tap';
import { joinInTime } from '../../../src/bin/join-in-time.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function joining(failures: Error[]) {
  const told: string[] = [];
  const log = (_fields: unknown, words: string) => told.push(words);
  const counts = { tries: 0, waits: 0 };
  const logger = { debug: log, info: log, warn: log, error: log } as never;
  const joined = joinInTime(
    async () => {
      const failure = failures[counts.tries++];
      if (failure) throw failure;
      return 'identity';
    },
    {
      clock: new FakeClock(0),
      logger,
      wait: async () => {
        counts.waits++;
      },
    },
  );
  return { joined, told, counts };
}

const because = (code: string) =>
  new Error('cannot be reached', { cause: Object.assign(new Error(code), { code }) });

t.test('it waits for the time, says so once, and joins', async (t) => {
  const early = because('CERT_NOT_YET_VALID');
  const { joined, told, counts } = joining([early, early, because('CERT_HAS_EXPIRED')]);
  t.equal(await joined, 'identity');
  t.same(counts, { tries: 4, waits: 3 });
  t.equal(told.length, 1);
  t.match(told[0], /joins once the clock is set/);
});

t.test('anything else is told to who started it', async (t) => {
  const { joined, counts } = joining([because('ECONNREFUSED')]);
  await t.rejects(joined, /cannot be reached/);
  t.equal(counts.waits, 0);
});
