// When the board is looked over for what a killed podman left.
import t from 'tap';
import { DueSweep } from '../../../../../src/kubelet/runtime/podman/due-sweep.ts';

function countingSweep(answers: readonly boolean[]) {
  const counts = { deaths: 0, sweeps: 0 };
  const sweep = new DueSweep(
    () => counts.deaths,
    async () => answers[counts.sweeps++] ?? true,
  );
  return { counts, sweep };
}

t.test('the first pods wait for one sweep, later ones for none', async (t) => {
  const { counts, sweep } = countingSweep([]);
  await Promise.all([sweep.run(), sweep.run()]);
  await sweep.run();
  t.equal(counts.sweeps, 1);
});

t.test('the next pod after a death of podman sweeps again', async (t) => {
  const { counts, sweep } = countingSweep([]);
  await sweep.run();
  counts.deaths++;
  await sweep.run();
  await sweep.run();
  t.equal(counts.sweeps, 2);
});

t.test('what is too young to be judged is looked at again with the next pod', async (t) => {
  const { counts, sweep } = countingSweep([false, false, true]);
  for (let pod = 0; pod < 5; pod++) await sweep.run();
  t.equal(counts.sweeps, 3);
});
