import fc from 'fast-check';
import t from 'tap';
import {
  availableCount,
  nextStep,
  type RollingState,
  type RollingStep,
} from '../../../src/cli/rolling-step.ts';
import { makePod } from '../../support/make-pod.ts';

const state = (change: Partial<RollingState>): RollingState => ({
  oldReplicas: 3,
  newReplicas: 0,
  desired: 3,
  oldAvailable: 3,
  newAvailable: 0,
  keep: 3,
  ...change,
});
const cases: [name: string, change: Partial<RollingState>, step: RollingStep][] = [
  ['the new one gets its first pod', {}, { do: 'scale-new', to: 1 }],
  ['nothing goes before it is available', { newReplicas: 1 }, { do: 'wait' }],
  ['then one old pod goes', { newReplicas: 1, newAvailable: 1 }, { do: 'scale-old', to: 2 }],
  ['an old pod that is broken goes freely', { newReplicas: 1, oldAvailable: 2 }, { do: 'scale-old', to: 2 }],
  [
    'with none left of the old the new one grows',
    { oldReplicas: 0, oldAvailable: 0, newReplicas: 1 },
    { do: 'scale-new', to: 2 },
  ],
  [
    'the end waits for the last pod',
    { oldReplicas: 0, oldAvailable: 0, newReplicas: 3, newAvailable: 2 },
    { do: 'wait' },
  ],
  ['and comes', { oldReplicas: 0, oldAvailable: 0, newReplicas: 3, newAvailable: 3 }, { do: 'finish' }],
  ['to fewer', { desired: 1, keep: 1 }, { do: 'scale-old', to: 2 }],
];
for (const [name, change, step] of cases) t.test(name, async (t) => t.same(nextStep(state(change)), step));

t.test(
  'from any two sizes it ends, never below what is kept nor above one more than the larger',
  async () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), fc.nat(12), (old, begun, desired) => {
        const keep = Math.min(old, desired);
        let [oldReplicas, newReplicas] = [old, Math.min(begun, Math.max(desired + 1 - old, 0))];
        let [oldAvailable, newAvailable] = [oldReplicas, newReplicas];
        for (let turn = 0; turn < 100; turn++) {
          const step = nextStep({ oldReplicas, newReplicas, oldAvailable, newAvailable, desired, keep });
          if (step.do === 'finish') return oldReplicas === 0 && newReplicas === desired;
          if (step.do === 'scale-new') newReplicas = step.to;
          if (step.do === 'scale-old') oldReplicas = step.to;
          oldAvailable = Math.min(oldAvailable, oldReplicas);
          if (oldAvailable + Math.min(newAvailable, newReplicas) < keep) return false;
          if (oldReplicas + newReplicas > Math.max(old, desired) + 1) return false;
          newAvailable = newReplicas;
        }
        return false;
      }),
    );
  },
);

t.test('a pod counts as available when it stays and was ready for long enough', async (t) => {
  const long = makePod({ ready: '2026-01-01T00:00:10Z' });
  const short = makePod({ ready: '2026-01-01T00:00:25Z' });
  const pods = [long, short, makePod({ ready: false })];
  const nowMs = Date.parse('2026-01-01T00:00:30Z');
  t.equal(availableCount(pods, 0, nowMs), 2, 'at once when nothing is asked');
  t.equal(availableCount(pods, 20, nowMs), 1, 'not before its time');
  t.equal(availableCount(pods, 20, nowMs - 1), 0);
  const going = makePod({ ready: '2026-01-01T00:00:10Z', deletedAt: '2026-01-01T00:00:29Z' });
  t.equal(availableCount([going], 0, nowMs), 0, 'not while it is being deleted');
});
