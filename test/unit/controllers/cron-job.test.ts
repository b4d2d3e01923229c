// What a CronJob shows its users is from https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
import t, { type Test } from 'tap';
import { cronJobs } from '../../../src/api/kinds/cron-job.ts';
import { jobs } from '../../../src/api/kinds/job.ts';
import { type batch, type CronJob, type Job, keyOf } from '../../../src/api/objects.ts';
import { CronJobController } from '../../../src/controllers/cron-job.ts';
import { jobTemplate } from '../../support/job-lab.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const MINUTE_MS = 60_000;
const midnightMinute = Date.parse('2026-01-01T00:00:00Z') / MINUTE_MS;

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new CronJobController(cluster.options));
  const all = async () => (await client.list(jobs)).items;
  const names = async () => (await all()).map(({ metadata }) => metadata.name).sort();
  const end = async (name: string, type: 'Complete' | 'Failed' = 'Complete') => {
    const job = await client.get(jobs, `default/${name}`);
    const completionTime = new Date(cluster.clock.now()).toISOString().replace('.000', '');
    const status = {
      conditions: [{ type, status: 'True' }],
      ...(type === 'Complete' ? { completionTime } : {}),
    };
    await client.updateStatus<Job>(jobs, { ...job, status: { ...job.status, ...status } });
    await quiet();
  };
  return {
    ...cluster,
    all,
    names,
    end,
    cronJob: () => client.get(cronJobs, 'default/tick'),
    make: (spec: Partial<batch.CronJobSpec> = {}) =>
      client.create<CronJob>(cronJobs, {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'tick', namespace: 'default' },
        spec: {
          schedule: '*/5 * * * *',
          timeZone: 'Etc/UTC',
          jobTemplate: {
            metadata: { labels: { from: 'cron' } },
            spec: { template: structuredClone(jobTemplate) },
          },
          ...spec,
        },
      }),
    change: (spec: Partial<batch.CronJobSpec>) =>
      client.patch(cronJobs, 'default/tick', { type: 'merge', body: { spec } }),
    jobsAre: (...minutes: number[]) =>
      settles(
        async () =>
          (await names()).join() ===
          minutes
            .map((m) => `tick-${midnightMinute + m}`)
            .sort()
            .join(),
      ),
    pass: async (minutes: number) => {
      for (let i = 0; i < minutes; i++) {
        await cluster.clock.advance(MINUTE_MS);
        await quiet(20);
      }
    },
  };
}

t.test('a job is made at each time, owned and named by it', async (t) => {
  const { make, pass, jobsAre, all, cronJob, recorder, names } = await setUp(t);
  await make();
  await pass(4);
  t.same(await names(), []);
  await pass(1);
  await jobsAre(5);
  const [job] = await all();
  t.match(job?.metadata, {
    labels: { from: 'cron' },
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:05:00Z' },
    ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
  });
  await pass(5);
  await jobsAre(5, 10);
  const { status } = await cronJob();
  t.equal(status?.lastScheduleTime, '2026-01-01T00:10:00Z');
  t.equal(status?.active?.length, 2);
  t.equal(recorder.lines[0], `SuccessfulCreate: Created job ${job?.metadata.name}`);
});

t.test('an ended job leaves the active list, and its time is kept', async (t) => {
  const { make, pass, jobsAre, end, cronJob, recorder } = await setUp(t);
  await make();
  await pass(5);
  await jobsAre(5);
  await pass(1);
  await end(`tick-${midnightMinute + 5}`);
  await settles(async () => (await cronJob()).status?.active === undefined);
  t.equal((await cronJob()).status?.lastSuccessfulTime, '2026-01-01T00:06:00Z');
  const name = `tick-${midnightMinute + 5}`;
  t.ok(recorder.lines.includes(`SawCompletedJob: Saw completed job: ${name}, condition: Complete`));
});

t.test('Forbid waits for the job that runs, then makes up for the last time', async (t) => {
  const { make, pass, jobsAre, end, recorder } = await setUp(t);
  await make({ concurrencyPolicy: 'Forbid' });
  await pass(16);
  await jobsAre(5);
  const told = recorder.events.filter(({ reason }) => reason === 'JobAlreadyActive');
  t.equal(told.length, 2, 'once for each time');
  await end(`tick-${midnightMinute + 5}`);
  await jobsAre(5, 15);
});

t.test('Replace puts the new job in the place of the one that runs', async (t) => {
  const { make, pass, jobsAre } = await setUp(t);
  await make({ concurrencyPolicy: 'Replace' });
  await pass(5);
  await jobsAre(5);
  await pass(5);
  await jobsAre(10);
});

t.test('after the clock slept only the last of the missed times is made up for', async (t) => {
  const { make, clock, jobsAre, pass, recorder } = await setUp(t);
  await make();
  await quiet();
  await leap(clock, 62 * MINUTE_MS);
  await jobsAre(60);
  t.notOk(recorder.events.some(({ reason }) => reason === 'TooManyMissedTimes'));
  await pass(3);
  await jobsAre(60, 65);
});

t.test('more than a hundred missed times are remarked on', async (t) => {
  const { make, clock, jobsAre, recorder } = await setUp(t);
  await make();
  await quiet();
  await leap(clock, 506 * MINUTE_MS);
  await jobsAre(505);
  t.ok(recorder.events.some(({ reason }) => reason === 'TooManyMissedTimes'));
});

t.test('what is missed by more than its starting deadline is not made up for', async (t) => {
  const { make, clock, pass, names, jobsAre, recorder } = await setUp(t);
  await make({ startingDeadlineSeconds: 90 });
  await quiet();
  await leap(clock, 62 * MINUTE_MS);
  await pass(2);
  t.same(await names(), []);
  const told = recorder.lines.filter((line) => line.startsWith('MissSchedule'));
  t.same(told, ['MissSchedule: Missed scheduled time to start a job: Thu, 01 Jan 2026 01:00:00 +0000']);
  await pass(1);
  await jobsAre(65);
});

t.test('a suspended one makes nothing, and makes up for the last time when resumed', async (t) => {
  const { make, change, pass, names, jobsAre } = await setUp(t);
  await make({ suspend: true });
  await pass(12);
  t.same(await names(), []);
  await change({ suspend: false });
  await jobsAre(10);
});

t.test('of ended jobs as many stay as the history limits say', async (t) => {
  const { make, pass, jobsAre, end } = await setUp(t);
  await make({ schedule: '* * * * *', successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 0 });
  for (let minute = 1; minute <= 4; minute++) {
    await pass(1);
    await end(`tick-${midnightMinute + minute}`, minute === 2 ? 'Failed' : 'Complete');
  }
  await jobsAre(3, 4);
});

t.test('a period counts from the last time', async (t) => {
  const { make, pass, jobsAre } = await setUp(t);
  await make({ schedule: '@every 7m' });
  await pass(15);
  await jobsAre(7, 14);
});

t.test('between two times nothing is written', async (t) => {
  const { make, pass, jobsAre, client } = await setUp(t);
  await make({ schedule: '0 * * * *' });
  await pass(60);
  await jobsAre(60);
  await quiet();
  const { resourceVersion } = await client.list(jobs);
  await pass(59);
  t.equal((await client.list(jobs)).resourceVersion, resourceVersion);
});

t.test('a job that somebody deletes is missed, and not made again', async (t) => {
  const { make, pass, jobsAre, client, all, recorder, cronJob } = await setUp(t);
  await make();
  await pass(5);
  await jobsAre(5);
  const [job] = await all();
  await client.delete(jobs, keyOf(job!), { propagationPolicy: 'Background' });
  await settles(async () => (await cronJob()).status?.active === undefined);
  t.ok(recorder.lines.includes(`MissingJob: Active job went missing: ${job!.metadata.name}`));
  t.same(await all(), []);
});

t.test('a job that somebody made of it is told of, and neither active nor in the way', async (t) => {
  const { make, client, recorder, cronJob, pass, names } = await setUp(t);
  const { metadata, spec } = await make({ concurrencyPolicy: 'Replace' });
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid };
  await client.create(jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'by-hand',
      namespace: 'default',
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: spec.jobTemplate.spec ?? {},
  } as never);
  const told = 'UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand';
  await settles(() => recorder.lines.includes(told));
  t.equal((await cronJob()).status?.active, undefined);
  await pass(5);
  await settles(async () => (await cronJob()).status?.active?.length === 1);
  t.ok((await names()).includes('by-hand'), 'Replace replaces what the schedule made');
});

/** The board sleeps: time passes, and all that was due in it fires late. */
async function leap(clock: { sleep(ms: number): Promise<void> }, ms: number): Promise<void> {
  await clock.sleep(ms);
  await quiet();
}
