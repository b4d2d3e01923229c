// A master whose clock jumps by ten years, either way, as one without a battery does when a time server is heard or lost: what
// counts time counts on, nothing ends early, nothing waits for years.
import t from 'tap';
import { cronJobs } from '../../../src/api/kinds/cron-job.ts';
import { jobs } from '../../../src/api/kinds/job.ts';
import type { CronJob, Pod } from '../../../src/api/objects.ts';
import { nextAvailableMs } from '../../../src/controllers/availability.ts';
import { decideCron } from '../../../src/controllers/cron-decision.ts';
import { CronJobController } from '../../../src/controllers/cron-job.ts';
import { groupPods } from '../../../src/controllers/horizontal-pod-autoscaler/replica-calculator.ts';
import { isAvailable } from '../../../src/controllers/pod-state.ts';
import { jobLab, jobTemplate } from '../../support/job-lab.ts';
import { makePod } from '../../support/make-pod.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;
const jumps = { ahead: TEN_YEARS_MS, back: -TEN_YEARS_MS };
const now = Date.parse('2026-06-01T12:00:30Z');
const at = (ms: number) => new Date(ms).toISOString();

for (const [way, byMs] of Object.entries(jumps)) {
  t.test(`a Job ends by its deadline and not by a clock that jumps ${way}`, async (t) => {
    const { make, running, over, job, clock } = await jobLab(t);
    await make({ activeDeadlineSeconds: 60 });
    await running(1);
    clock.jump(byMs);
    await clock.advance(50_000);
    await running(1);
    t.notOk((await job()).status?.conditions?.some(({ type }) => type === 'Failed'));
    await clock.advance(15_000);
    t.match((await over('Failed')).conditions?.at(-1), { reason: 'DeadlineExceeded' });
  });

  t.test(`a finished Job goes when its time is over and not by a clock that jumps ${way}`, async (t) => {
    const { make, running, end, over, client, clock } = await jobLab(t);
    await make({ ttlSecondsAfterFinished: 60 });
    const [pod] = await running(1);
    await end(pod as Pod, 'Succeeded');
    await over('Complete');
    await quiet();
    clock.jump(byMs);
    await clock.advance(50_000);
    const left = async () => (await client.list(jobs)).items.filter((j) => !j.metadata.deletionTimestamp);
    t.equal((await left()).length, 1);
    await clock.advance(15_000);
    await settles(async () => (await left()).length === 0);
  });

  t.test(`a CronJob goes on when the clock jumps ${way}: one job for all that was missed`, async (t) => {
    const cluster = await memoryCluster();
    t.teardown(() => cluster.stop());
    const { client, clock, recorder } = cluster;
    await cluster.run(new CronJobController(cluster.options));
    await client.create<CronJob>(cronJobs, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: 'default' },
      spec: { schedule: '* * * * *', timeZone: 'Etc/UTC', jobTemplate: { spec: { template: jobTemplate } } },
    });
    const made = async () => (await client.list(jobs)).items.length;
    const minutes = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await clock.advance(60_000);
        await quiet(20);
      }
    };
    await minutes(2);
    t.equal(await made(), 2);
    clock.jump(byMs);
    await minutes(1);
    t.ok((await made()) >= 3 && (await made()) <= 4, `${await made()} jobs`);
    const before = await made();
    await minutes(3);
    t.equal(await made(), before + 3, 'and then one each minute');
    const last = (await client.get(cronJobs, 'default/tick')).status?.lastScheduleTime;
    t.ok(Math.abs(Date.parse(last ?? '') - clock.now()) <= 60_000);
    t.equal(
      recorder.lines.some((line) => /too many missed start times/.test(line)),
      byMs > 0,
    );
  });
}

t.test(
  'a schedule by period that was last met in the future is met at once, then by its period',
  async (t) => {
    const cronJob = (lastScheduleTime: string): CronJob => ({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: {
        name: 'tick',
        namespace: 'default',
        uid: 'u',
        creationTimestamp: at(now),
        resourceVersion: '1',
      },
      spec: { schedule: '@every 1h', jobTemplate: {} },
      status: { lastScheduleTime },
    });
    const first = decideCron(cronJob(at(now + TEN_YEARS_MS)), [], now);
    t.equal(first.do, 'run');
    const scheduledMs = first.do === 'run' ? first.scheduledMs : 0;
    t.ok(scheduledMs <= now && scheduledMs > now - 3_600_000);
    t.match(decideCron(cronJob(at(scheduledMs)), [], now), { do: 'wait', nextMs: scheduledMs + 3_600_000 });
  },
);

function readySince(sinceMs: number): Pod {
  const pod = makePod({ name: 'web' });
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: at(sinceMs) }];
  return { ...pod, status: { ...pod.status, phase: 'Running', startTime: at(sinceMs), conditions } };
}

t.test(
  'a pod that is ready since a time that has not come is available; a little ahead it waits',
  async (t) => {
    t.ok(isAvailable(readySince(now + TEN_YEARS_MS), 30, now));
    t.equal(nextAvailableMs([readySince(now + TEN_YEARS_MS)], 30, now), undefined);
    t.notOk(isAvailable(readySince(now + 5_000), 30, now));
    t.equal(nextAvailableMs([readySince(now + 5_000)], 30, now), 35_000);
    t.ok(isAvailable(readySince(now - TEN_YEARS_MS), 30, now));
  },
);

t.test('a pod that started in the future counts for its autoscaler', async (t) => {
  const metrics = new Map([['web', { milli: 100, atMs: now, windowMs: 60_000 }]]);
  t.equal(groupPods([readySince(now + TEN_YEARS_MS)], metrics, true, now).readyCount, 1);
  t.equal(
    groupPods([readySince(now - 10_000)], metrics, true, now).readyCount,
    0,
    'a young one does not yet',
  );
});
