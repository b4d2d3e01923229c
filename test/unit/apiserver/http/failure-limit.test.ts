import t from 'tap';
import { FailureLimit } from '../../../../src/apiserver/http/failure-limit.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

t.test('ten failures close the door for the rest of the minute, to that address alone', async (t) => {
  const clock = new FakeClock();
  const limit = new FailureLimit(clock);
  for (let i = 0; i < 10; i++) {
    limit.check('a');
    limit.count('a');
  }
  await clock.advance(20_000);
  t.throws(() => limit.check('a'), { code: 429, message: /wait 40 s/ });
  t.doesNotThrow(() => limit.check('b'));
  await clock.advance(40_000);
  t.doesNotThrow(() => limit.check('a'));
});
