import t from 'tap';
import { goDuration, restartDelay } from '../../../../src/kubelet/pods/restart-policy.ts';
import { remainingGraceSeconds } from '../../../../src/kubelet/pods/teardown.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const NOW_MS = Date.parse('2026-01-01T00:01:00Z');

const graces: [what: string, deletion: string | undefined, own: number, seconds: number][] = [
  ['what is left', '2026-01-01T00:01:20Z', 30, 20],
  ['2 s when the time is over', '2026-01-01T00:00:50Z', 30, 2],
  ['its own 1 s when that is less', '2026-01-01T00:00:50Z', 1, 1],
  ['its own when the clock is years behind', '2036-01-01T00:00:00Z', 30, 30],
  ['its own when the clock is years ahead, or the agent was away', '2016-01-01T00:00:00Z', 30, 30],
  ['nothing when none was given', '2026-01-01T00:01:00Z', 0, 0],
];
for (const [what, deletionTimestamp, deletionGracePeriodSeconds, seconds] of graces) {
  t.test(`a deleted pod has ${what}`, async (t) => {
    const pod = desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds } as never });
    t.equal(remainingGraceSeconds(pod, NOW_MS), seconds);
  });
}

t.test('a pod that nobody wants any more has 2 s', async (t) => {
  t.equal(remainingGraceSeconds(undefined, NOW_MS), 2);
});

const ended = (finishedAt: string, startedAt = finishedAt) => ({
  attempt: 3,
  specHash: '',
  image: '',
  imageId: '',
  ended: { exitCode: 1, reason: 'Error', startedAt, finishedAt },
});
const delays: [what: string, steps: number, sinceEndMs: number, waitMs: number][] = [
  ['the first restart is at once', 0, 0, 0],
  ['the second after 10 s', 1, 0, 10_000],
  ['time since the end counts', 1, 4_000, 6_000],
  ['never more than 5 minutes', 30, 0, 300_000],
  ['an end long ago does not wait', 5, 9e9, 0],
];
for (const [what, backoffSteps, sinceEndMs, waitMs] of delays) {
  t.test(`restart: ${what}`, async (t) => {
    const record = { ...ended('2026-01-01T00:01:00Z'), backoffSteps };
    t.equal(restartDelay(record, sinceEndMs).waitMs, waitMs);
  });
}

t.test('ten minutes of running start the back-off anew', async (t) => {
  const record = { ...ended('2026-01-01T00:01:00Z', '2025-12-31T23:51:00Z'), backoffSteps: 6 };
  t.match(restartDelay(record), { waitMs: 0, nextSteps: 1 });
});

for (const [ms, text] of [
  [10_000, '10s'],
  [80_000, '1m20s'],
  [300_000, '5m0s'],
] as const) {
  t.test(`${ms} ms reads ${text}`, async (t) => {
    t.equal(goDuration(ms), text);
  });
}
