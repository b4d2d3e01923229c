import t from 'tap';
import { SpamFilter } from '../../../src/client/spam-filter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

t.test(
  'one object may say 25 things at once, then one each five minutes; others are not held back',
  async (t) => {
    const clock = new FakeClock();
    const filter = new SpamFilter(clock);
    const allowed = () => Array.from({ length: 40 }, () => filter.allows('loud')).filter(Boolean).length;
    t.equal(allowed(), 25);
    t.equal(filter.allows('quiet'), true);
    await clock.advance(299_000);
    t.equal(allowed(), 0);
    await clock.advance(1_000);
    t.equal(allowed(), 1);
  },
);
