// Jobs whose indexes fail and succeed by themselves. What is expected is from
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index and #success-policy, words from
// upstream's pkg/controller/job.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { jobs } from '../../../src/api/kinds/job.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { type batch, type core, type Job, keyOf, type Pod } from '../../../src/api/objects.ts';
import { accountStatus } from '../../../src/controllers/job-account.ts';
import { decideJob } from '../../../src/controllers/job-decision.ts';
import { failureMarks } from '../../../src/controllers/job-index-failures.ts';
import { parseIndexes } from '../../../src/controllers/job-indexes.ts';
import { jobPod, TRACKING_FINALIZER } from '../../../src/controllers/job-pod.ts';
import { jobLab, jobTemplate } from '../../support/job-lab.ts';
import { settles } from '../../support/settles.ts';

const FAILURES = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED = 'batch.kubernetes.io/job-index-ignored-failure-count';
const indexed = (completions: number, spec: Partial<batch.JobSpec> = {}): Partial<batch.JobSpec> => ({
  completions,
  parallelism: completions,
  completionMode: 'Indexed',
  ...spec,
});
const indexOf = ({ metadata }: Pod) => metadata.labels?.['batch.kubernetes.io/job-completion-index'];

async function setUp(t: Test, spec: Partial<batch.JobSpec>) {
  const lab = await jobLab(t);
  await lab.make(spec);
  const runningAt = async (index: string, count: number) => {
    const pod = (await lab.running(count)).find((one) => indexOf(one) === index);
    if (!pod) throw new Error(`no pod of index ${index} runs`);
    return pod;
  };
  return { ...lab, runningAt };
}

t.test(
  'an index that failed too often is given up, the others go on, and then the job has failed',
  async (t) => {
    const { runningAt, running, end, job, over, clock, recorder } = await setUp(
      t,
      indexed(3, { backoffLimitPerIndex: 1 }),
    );
    const first = await runningAt('0', 3);
    t.equal(first.metadata.annotations?.[FAILURES], '0');
    await end(first, 'Failed');
    await running(2);
    await clock.advance(10_000);
    const second = await runningAt('0', 3);
    t.equal(second.metadata.annotations?.[FAILURES], '1');
    t.equal((await job()).status?.failedIndexes, '');
    await end(second, 'Failed');
    await settles(async () => (await job()).status?.failedIndexes === '0');
    await clock.advance(600_000);
    await end(await runningAt('1', 2), 'Succeeded');
    await end(await runningAt('2', 1), 'Succeeded');
    const status = await over('Failed');
    t.match(status, { failed: 2, succeeded: 2, failedIndexes: '0', completedIndexes: '1,2' });
    t.match(status.conditions, [
      { type: 'FailureTarget', reason: 'FailedIndexes', message: 'Job has failed indexes' },
      { type: 'Failed', reason: 'FailedIndexes', message: 'Job has failed indexes' },
    ]);
    t.equal(recorder.lines.at(-1), 'FailedIndexes: Job has failed indexes');
    t.equal((await job()).spec.backoffLimit, 2_147_483_647, 'the limit of the whole job is out of the way');
  },
);

t.test('the count of an index outlives its failed pod, and each index waits for itself', async (t) => {
  const { runningAt, running, end, clock, client, all } = await setUp(
    t,
    indexed(2, { backoffLimitPerIndex: 5 }),
  );
  const zero = await runningAt('0', 2);
  await end(zero, 'Failed');
  await running(1);
  await client.delete(pods, keyOf(zero));
  const held = await client.get(pods, keyOf(zero));
  t.same(held.metadata.finalizers, [TRACKING_FINALIZER], 'it stays until its count is carried on');
  await clock.advance(5_000);
  await end(await runningAt('1', 1), 'Failed');
  await running(0);
  await clock.advance(5_000);
  const again = await runningAt('0', 1);
  t.equal(again.metadata.annotations?.[FAILURES], '1');
  await settles(async () => !(await all()).some((pod) => keyOf(pod) === keyOf(zero)));
  await clock.advance(5_000);
  t.equal((await runningAt('1', 2)).metadata.annotations?.[FAILURES], '1');
});

t.test('more failed indexes than may be end the job at once', async (t) => {
  const { runningAt, end, over } = await setUp(
    t,
    indexed(4, { backoffLimitPerIndex: 0, maxFailedIndexes: 1 }),
  );
  await end(await runningAt('3', 4), 'Failed');
  await end(await runningAt('1', 3), 'Failed');
  const status = await over('Failed');
  t.match(status, { failed: 4, failedIndexes: '1,3' });
  t.match(status.conditions?.at(-1), {
    reason: 'MaxFailedIndexesExceeded',
    message: 'Job has exceeded the specified maximal number of failed indexes',
  });
});

t.test('a failure policy fails an index at once, or does not count its failures', async (t) => {
  const rules: batch.PodFailurePolicyRule[] = [
    { action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onExitCodes: { operator: 'In', values: [43] } },
  ];
  const spec = indexed(2, { backoffLimitPerIndex: 3, podFailurePolicy: { rules } });
  const { runningAt, running, end, job, clock } = await setUp(t, spec);
  await end(await runningAt('0', 2), 'Failed', 43);
  await running(1);
  await clock.advance(10_000);
  const again = await runningAt('0', 2);
  t.match(again.metadata.annotations, { [FAILURES]: '0', [IGNORED]: '1' });
  await end(again, 'Failed', 42);
  await settles(async () => (await job()).status?.failedIndexes === '0');
  t.equal((await job()).status?.failed, 1, 'the ignored failure is no failure of the job');
});

t.test(
  'the job has succeeded when its success policy is met, and what is left counts as nothing',
  async (t) => {
    const successPolicy = {
      rules: [{ succeededIndexes: '1-2' }, { succeededIndexes: '0', succeededCount: 1 }],
    };
    const { runningAt, end, over, recorder, all } = await setUp(t, indexed(4, { successPolicy }));
    await end(await runningAt('1', 4), 'Succeeded');
    await end(await runningAt('0', 3), 'Succeeded');
    const status = await over('Complete');
    t.match(status, { succeeded: 2, completedIndexes: '0,1' });
    t.equal(status.failed, undefined);
    t.match(status.conditions, [
      { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: 'Matched rules at index 1' },
      { type: 'Complete', reason: 'SuccessPolicy', message: 'Matched rules at index 1' },
    ]);
    t.equal(recorder.lines.at(-1), 'Completed: Job completed');
    await settles(async () => (await all()).every(({ status: s }) => s?.phase === 'Succeeded'));
  },
);

t.test('a success policy by count alone', async (t) => {
  const { runningAt, end, over } = await setUp(
    t,
    indexed(3, { successPolicy: { rules: [{ succeededCount: 2 }] } }),
  );
  await end(await runningAt('2', 3), 'Succeeded');
  await end(await runningAt('1', 2), 'Succeeded');
  t.match(await over('Complete'), { completedIndexes: '1,2' });
});

t.test('a job that another controller manages is left to it', async (t) => {
  const { make, clock, all, client } = await jobLab(t);
  await make({ managedBy: 'example.com/queue' });
  await clock.advance(60_000);
  t.same(await all(), []);
  t.equal((await client.get(jobs, 'default/work')).status?.startTime, undefined);
});

const wrong: [what: string, spec: Partial<batch.JobSpec>, message: RegExp][] = [
  ['no rules', { successPolicy: { rules: [] } }, /successPolicy\.rules: Required value: at least one rules/],
  ['an empty rule', { successPolicy: { rules: [{}] } }, /at least one of succeededCount or succeededIndexes/],
  ['a word', { successPolicy: { rules: [{ succeededIndexes: 'a' }] } }, /cannot convert string to integer/],
  ['an index too high', { successPolicy: { rules: [{ succeededIndexes: '0-3' }] } }, /too large index: "3"/],
  ['a disorder', { successPolicy: { rules: [{ succeededIndexes: '1,0' }] } }, /non-increasing order/],
  ['three parts', { successPolicy: { rules: [{ succeededIndexes: '0-1-2' }] } }, /at most two parts/],
  [
    'a count over its indexes',
    { successPolicy: { rules: [{ succeededIndexes: '0', succeededCount: 2 }] } },
    /must be less than or equal to 1/,
  ],
  ['more failures than indexes', { backoffLimitPerIndex: 1, maxFailedIndexes: 4 }, /equal to completions/],
  [
    'very many without a bound',
    { completions: 100_001, parallelism: 1, backoffLimitPerIndex: 1 },
    /maxFailedIndexes: Required value/,
  ],
];
t.test('policies that cannot be meant are refused', async (t) => {
  const { make } = await jobLab(t);
  for (const [what, spec, message] of wrong) {
    await t.rejects(make(indexed(3, spec)), { message }, what);
  }
});

t.test('how often a container was restarted does not matter for an index', async (t) => {
  const { runningAt, client, job } = await setUp(t, indexed(1, { backoffLimitPerIndex: 1 }));
  const pod = await runningAt('0', 1);
  const containerStatuses = [
    { name: 'c', ready: true, restartCount: 9, image: '', imageID: '', state: { running: {} } },
  ] as core.ContainerStatus[];
  await client.updateStatus(pods, { ...pod, status: { ...pod.status, phase: 'Running', containerStatuses } });
  await settles(async () => ((await job()).status?.active ?? 0) === 1);
  t.equal((await job()).status?.failedIndexes, '');
});

interface IndexWorld {
  job: Job;
  pods: Pod[];
  /** Of each index, as it happened. */
  failures: number[];
  made: number;
}

const LIMIT = 2;
const INDEXES = [0, 1, 2];

/** One look of the controller, which ends after `steps` of its three steps: make pods, write the status, let pods go. */
function look(world: IndexWorld, steps: number, vanish: boolean): void {
  const { account, create, end } = decideJob(world.job, world.pods, Date.parse('2026-06-01T00:00:00Z'), 0);
  if (steps < 1 || end) return;
  for (const index of create) {
    const failed = account.toReplace.get(index ?? -1);
    const made = jobPod(world.job, index, failureMarks(world.job, failed));
    const tries = Number(made.metadata.annotations?.[FAILURES]);
    if (tries !== world.failures[index ?? -1]) {
      throw new Error(
        `index ${index} failed ${world.failures[index ?? -1]} times, and its pod says ${tries}`,
      );
    }
    const uid = `uid-${++world.made}`;
    const metadata = { ...made.metadata, name: uid, uid, resourceVersion: '1', creationTimestamp: '' };
    world.pods.push({ ...made, metadata, status: { phase: 'Running' } } as Pod);
  }
  if (steps < 2) return;
  world.job = { ...world.job, status: accountStatus(world.job, account) };
  if (steps < 3) return;
  const letGo = new Set(account.release.map(({ metadata }) => metadata.uid));
  world.pods = world.pods
    .map((pod) =>
      letGo.has(pod.metadata.uid) ? { ...pod, metadata: { ...pod.metadata, finalizers: [] } } : pod,
    )
    .filter(({ metadata }) => !(vanish && letGo.has(metadata.uid)));
}

t.test('whenever the power goes, each index fails as often as it did, and then for good', async () => {
  const step = fc.record({ index: fc.nat(2), steps: fc.nat(3), vanish: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const spec = indexed(3, { backoffLimitPerIndex: LIMIT, template: jobTemplate });
      const metadata = { name: 'work', namespace: 'default', uid: 'job', resourceVersion: '1' };
      const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec } as Job;
      const world: IndexWorld = { job, pods: [], failures: [0, 0, 0], made: 0 };
      for (const { index, steps: done, vanish } of steps) {
        look(world, done, vanish);
        const pod = world.pods.find(
          (one) => Number(indexOf(one)) === index && one.status?.phase === 'Running',
        );
        if (!pod) continue;
        world.failures[index] = (world.failures[index] ?? 0) + 1;
        world.pods = world.pods.map((one) => (one === pod ? { ...one, status: { phase: 'Failed' } } : one));
      }
      look(world, 3, true);
      look(world, 3, true);
      const failed = INDEXES.filter((index) => (world.failures[index] ?? 0) > LIMIT).join();
      const { failedIndexes = '' } = world.job.status ?? {};
      const all = failed.split(',').length === INDEXES.length;
      if (!all && [...parseIndexes(failedIndexes, 3)].join() !== failed) {
        throw new Error(`failed ${failed}, told ${failedIndexes}`);
      }
    }),
    { numRuns: 300 },
  );
});
