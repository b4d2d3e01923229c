// A thousand pods over a hundred boards, over HTTP with the store on disk. The bounds are generous: machines that run
// tests are busy. `npm run bench -- controllers` prints the figures.
import t from 'tap';
import { placePods } from '../support/placing-lab.ts';

const BOUND_MS = 6000;
const topologySpreadConstraints = [
  {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
  },
];
const far = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'other' } } };
const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [far] } };

t.test('a thousand pending pods are on a hundred boards soon after the scheduler comes', async (t) => {
  const { lastPostToAllBoundMs, podsPerBoard } = await placePods(1000, 100, {}, false);
  t.comment(`${Math.round(lastPostToAllBoundMs)} ms after the last POST`);
  t.ok(lastPostToAllBoundMs < BOUND_MS);
  t.ok(Math.max(...podsPerBoard) <= 11, 'no board has many more than the others');
});

t.test(
  'posted one by one they are at once, also when they must spread and keep away from others',
  async (t) => {
    const { lastPostToAllBoundMs, podsPerBoard } = await placePods(1000, 100, {
      topologySpreadConstraints,
      affinity,
    });
    t.comment(`${Math.round(lastPostToAllBoundMs)} ms after the last POST`);
    t.ok(lastPostToAllBoundMs < BOUND_MS);
    t.equal(
      podsPerBoard.reduce((sum, n) => sum + n, 0),
      1000,
    );
  },
);
