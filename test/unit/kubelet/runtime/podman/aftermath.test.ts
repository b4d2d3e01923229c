// When a board is looked over for what a killed podman left.
import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import { Aftermath } from '../../../../../src/kubelet/runtime/podman/aftermath.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

function countingAftermath(answers: readonly (boolean | Error)[] = []) {
  const clock = new FakeClock();
  const counts = { sweeps: 0 };
  const aftermath = new Aftermath({
    clock,
    logger: silentLogger,
    sweep: async () => {
      const answer = answers[counts.sweeps++] ?? true;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { aftermath, clock, counts };
}

t.test('many deaths in a row are followed by one sweep, when things have settled', async (t) => {
  const { aftermath, clock, counts } = countingAftermath();
  for (let death = 0; death < 3; death++) {
    aftermath.expect();
    await clock.advance(1_000);
  }
  t.equal(counts.sweeps, 0);
  await clock.advance(600_000);
  t.equal(counts.sweeps, 1);
});

t.test('what is too young to be judged, or cannot be, is looked at again, less and less often', async (t) => {
  const { aftermath, clock, counts } = countingAftermath([false, new Error('no podman'), false, true]);
  aftermath.expect();
  await clock.advance(3_000 + 3_000 + 6_000);
  t.equal(counts.sweeps, 3);
  await clock.advance(11_000);
  t.equal(counts.sweeps, 3);
  await clock.advance(600_000);
  t.equal(counts.sweeps, 4);
});

t.test('a death during a sweep is followed by another one', async (t) => {
  const { clock, counts } = countingAftermath();
  const aftermath: Aftermath = new Aftermath({
    clock,
    logger: silentLogger,
    sweep: async () => {
      if (counts.sweeps++ === 0) aftermath.expect();
      return true;
    },
  });
  aftermath.expect();
  await clock.advance(600_000);
  t.equal(counts.sweeps, 2);
});

t.test('nothing is looked at once it is stopped', async (t) => {
  const { aftermath, clock, counts } = countingAftermath();
  aftermath.expect();
  aftermath.stop();
  await clock.advance(600_000);
  t.equal(counts.sweeps, 0);
});
