// Ages of what happened to a pod, whatever a board's clock does.
import t from 'tap';
import { podAges } from '../../../../src/kubelet/pods/pod-ages.ts';
import { newPodRecord } from '../../../../src/kubelet/records/pod-record.ts';

const NOW_MS = Date.parse('2026-01-01T00:01:00Z');
const YEAR_MS = 365 * 86_400_000;

function recordOf(startTime: string, finishedAt: string) {
  const ended = { exitCode: 1, reason: 'Error', finishedAt };
  const web = { attempt: 0, specHash: '', image: '', imageId: '', backoffSteps: 1, ended };
  return { ...newPodRecord('u', 'default/web', startTime), containers: { web } };
}
const record = recordOf('2026-01-01T00:00:00Z', '2026-01-01T00:00:50Z');

for (const [way, jumpMs] of [
  ['ahead', 10 * YEAR_MS],
  ['back', -10 * YEAR_MS],
] as const) {
  t.test(`a clock that jumps years ${way} changes no age`, async (t) => {
    const met = new Map();
    const before = podAges(met, record, { nowMs: NOW_MS, monotonicMs: 5_000 });
    t.same(before, { sinceStartMs: 60_000, sinceEndMs: { web: 10_000 } });
    const after = podAges(met, record, { nowMs: NOW_MS + jumpMs, monotonicMs: 6_000 });
    t.same(after, { sinceStartMs: 61_000, sinceEndMs: { web: 11_000 } });
  });
}

t.test(
  'an end seen with a clock that was set back since counts from now, and goes on counting',
  async (t) => {
    const met = new Map();
    t.same(podAges(met, record, { nowMs: NOW_MS - YEAR_MS, monotonicMs: 0 }).sinceEndMs, { web: 0 });
    t.same(podAges(met, record, { nowMs: NOW_MS - YEAR_MS, monotonicMs: 10_000 }).sinceEndMs, {
      web: 10_000,
    });
  },
);

t.test('a start in 1970 that an agent finds after the clock was set counts from now', async (t) => {
  const early = recordOf('1970-01-01T00:00:30Z', '1970-01-01T00:01:00Z');
  const ages = podAges(new Map(), early, { nowMs: NOW_MS, monotonicMs: 0 });
  t.same(ages, { sinceStartMs: 0, sinceEndMs: { web: 0 } });
});

t.test('a second end of the same container has an age of its own', async (t) => {
  const met = new Map();
  podAges(met, record, { nowMs: NOW_MS, monotonicMs: 0 });
  const next = recordOf('2026-01-01T00:00:00Z', '2026-01-01T00:02:00Z');
  const ages = podAges(met, next, { nowMs: NOW_MS + 62_000, monotonicMs: 62_000 });
  t.same(ages.sinceEndMs, { web: 2_000 });
});
