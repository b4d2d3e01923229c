// What a Job shows its users is from https://kubernetes.io/docs/concepts/workloads/controllers/job/
import t from 'tap';
import { jobs } from '../../../src/api/kinds/job.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { keyOf } from '../../../src/api/objects.ts';
import { unavailable } from '../../../src/api/status-error.ts';
import type { Client } from '../../../src/client/client.ts';
import { TRACKING_FINALIZER } from '../../../src/controllers/job-pod.ts';
import { jobLab } from '../../support/job-lab.ts';
import { quiet, settles } from '../../support/settles.ts';

const indexOf = (pod: { metadata: { labels?: Record<string, string> } }) =>
  pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'];

t.test('a job runs one pod, and is complete when it succeeds', async (t) => {
  const { make, running, end, over, recorder, all } = await jobLab(t);
  await make();
  const [pod] = await running(1);
  t.same(pod?.metadata.finalizers, [TRACKING_FINALIZER]);
  await end(pod!, 'Succeeded');
  const status = await over('Complete');
  t.match(status, { succeeded: 1, ready: 0, terminating: 0, completionTime: '2026-01-01T00:00:00Z' });
  t.match(status.conditions, [
    { type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached' },
    { type: 'Complete', status: 'True', reason: 'CompletionsReached' },
  ]);
  t.same(status.uncountedTerminatedPods, {});
  t.equal(status.active, undefined);
  t.same((await all())[0]?.metadata.finalizers ?? [], []);
  t.match(recorder.lines, [
    `SuccessfulCreate: Created pod: ${pod?.metadata.name}`,
    'Completed: Job completed',
  ]);
});

t.test('fixed completions run no more at a time than parallelism says', async (t) => {
  const { make, running, end, over } = await jobLab(t);
  await make({ completions: 5, parallelism: 2 });
  for (let done = 0; done < 4; done++) {
    const [pod] = await running(2);
    await end(pod!, 'Succeeded');
  }
  const [last] = await running(1);
  await end(last!, 'Succeeded');
  t.equal((await over('Complete')).succeeded, 5);
});

t.test('a work queue makes no new pod once one has succeeded, and ends with the last', async (t) => {
  const { make, running, end, over, all } = await jobLab(t);
  await make({ parallelism: 3 });
  const [a, b, c] = await running(3);
  await end(a!, 'Succeeded');
  await running(2);
  await end(b!, 'Failed');
  await running(1);
  await end(c!, 'Succeeded');
  t.match(await over('Complete'), { succeeded: 2, failed: 1 });
  t.equal((await all()).length, 3);
});

t.test(
  'pods of an Indexed job know their index by label, annotation, environment and host name',
  async (t) => {
    const { make, running, end, over, job } = await jobLab(t);
    await make({ completions: 4, parallelism: 2, completionMode: 'Indexed' });
    const [zero, one] = (await running(2)).sort((a, b) => Number(indexOf(a)) - Number(indexOf(b)));
    t.same([indexOf(zero!), indexOf(one!)], ['0', '1']);
    t.match(one?.metadata.name, /^work-1-/);
    t.equal(one?.metadata.annotations?.['batch.kubernetes.io/job-completion-index'], '1');
    t.equal(one?.spec.hostname, 'work-1');
    t.match(one?.spec.containers[0]?.env, [{ name: 'JOB_COMPLETION_INDEX' }]);
    await end(zero!, 'Succeeded');
    const two = (await running(2)).find((pod) => indexOf(pod) === '2');
    await end(two!, 'Succeeded');
    const three = (await running(2)).find((pod) => indexOf(pod) === '3');
    await end(three!, 'Succeeded');
    await running(1);
    t.equal((await job()).status?.completedIndexes, '0,2,3');
    await end(one!, 'Succeeded');
    t.match(await over('Complete'), { completedIndexes: '0-3', succeeded: 4 });
  },
);

t.test('a failed index is tried again with the same index', async (t) => {
  const { make, running, end, over, clock } = await jobLab(t);
  await make({ completions: 2, parallelism: 2, completionMode: 'Indexed' });
  const one = (await running(2)).find((pod) => indexOf(pod) === '1');
  await end(one!, 'Failed');
  await running(1);
  await clock.advance(10_000);
  const again = await running(2);
  t.same(again.map(indexOf).sort(), ['0', '1']);
  for (const pod of again) await end(pod, 'Succeeded');
  t.match(await over('Complete'), { succeeded: 2, failed: 1, completedIndexes: '0,1' });
});

t.test('tries wait 10 s, then 20 s, and end at the back-off limit', async (t) => {
  const { make, running, end, over, clock, all, recorder } = await jobLab(t);
  await make({ backoffLimit: 2 });
  for (const waitMs of [10_000, 20_000]) {
    const [pod] = await running(1);
    await end(pod!, 'Failed');
    await running(0);
    await clock.advance(waitMs - 1000);
    await running(0);
    await clock.advance(1000);
  }
  const [last] = await running(1);
  await end(last!, 'Failed');
  const status = await over('Failed');
  t.equal(status.failed, 3);
  t.match(status.conditions, [
    { type: 'FailureTarget', reason: 'BackoffLimitExceeded' },
    {
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    },
  ]);
  t.equal(status.completionTime, undefined);
  t.equal((await all()).length, 3);
  t.ok(recorder.lines.includes('BackoffLimitExceeded: Job has reached the specified backoff limit'));
});

t.test('a job that is active for too long fails, and its pods with it', async (t) => {
  const { make, running, over, clock, active } = await jobLab(t);
  await make({ activeDeadlineSeconds: 30, parallelism: 2, completions: 2 });
  await running(2);
  await clock.advance(29_000);
  await running(2);
  await clock.advance(1000);
  const status = await over('Failed');
  t.match(status.conditions?.at(-1), { reason: 'DeadlineExceeded' });
  t.equal(status.failed, 2);
  t.same(await active(), []);
});

t.test('a pod that somebody deletes counts as failed, exactly once, and is replaced', async (t) => {
  const { make, running, end, over, client, clock } = await jobLab(t);
  await make();
  const [pod] = await running(1);
  await client.delete(pods, keyOf(pod!));
  await settles(
    async () => !(await client.list(pods)).items.some(({ metadata }) => metadata.uid === pod?.metadata.uid),
  );
  await clock.advance(10_000);
  const [next] = await running(1);
  await end(next!, 'Succeeded');
  t.match(await over('Complete'), { succeeded: 1, failed: 1 });
});

t.test('counts stay exact when pods are deleted the moment they end', async (t) => {
  const { make, running, end, over, client } = await jobLab(t);
  await make({ completions: 6, parallelism: 3 });
  for (let round = 0; round < 2; round++) {
    const three = await running(3);
    await Promise.all(
      three.map(async (pod) => {
        await end(pod, 'Succeeded');
        await client.delete(pods, keyOf(pod));
      }),
    );
  }
  t.match(await over('Complete'), { succeeded: 6 });
  t.equal((await over('Complete')).failed, undefined);
});

t.test('a suspended job loses its pods without a failure, and starts afresh when resumed', async (t) => {
  const { make, change, running, end, over, job, recorder, clock } = await jobLab(t);
  await make({ parallelism: 2, completions: 2 });
  await running(2);
  await change({ suspend: true });
  await running(0);
  t.match((await job()).status?.conditions, [{ type: 'Suspended', status: 'True', reason: 'JobSuspended' }]);
  t.equal((await job()).status?.startTime, undefined);
  await clock.advance(5000);
  await change({ suspend: false });
  for (const pod of await running(2)) await end(pod, 'Succeeded');
  const status = await over('Complete');
  t.match(status, { startTime: '2026-01-01T00:00:05Z', succeeded: 2 });
  t.match(status.conditions?.[0], { type: 'Suspended', status: 'False', reason: 'JobResumed' });
  t.equal(status.failed, undefined);
  t.ok(recorder.lines.includes('Suspended: Job suspended'));
  t.ok(recorder.lines.includes('Resumed: Job resumed'));
});

t.test('a pod that cannot be deleted is told, and tried again', async (t) => {
  let failures = 1;
  const { make, change, running, recorder, clock } = await jobLab(t, (client) => {
    const flaky = Object.create(client) as Client;
    for (const verb of ['create', 'patch', 'updateStatus'] as const)
      flaky[verb] = client[verb].bind(client) as never;
    flaky.delete = async (kind, key, options) => {
      if (failures-- > 0) throw unavailable('not now');
      return client.delete(kind as never, key, options);
    };
    return flaky;
  });
  await make({ parallelism: 1 });
  await running(1);
  await change({ suspend: true });
  await settles(() => recorder.lines.includes('FailedDelete: Error deleting: not now'));
  await clock.advance(1000);
  await running(0);
});

t.test('less parallelism takes pods away without a failure', async (t) => {
  const { make, change, running, job } = await jobLab(t);
  await make({ parallelism: 4, completions: 8 });
  await running(4);
  await change({ parallelism: 1 });
  await running(1);
  t.equal((await job()).status?.failed, undefined);
});

t.test('the failure policy ends a job at once, or overlooks a failure', async (t) => {
  const { make, running, end, over, clock } = await jobLab(t);
  await make({
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [], onExitCodes: { operator: 'In', values: [7] } },
        { action: 'FailJob', onPodConditions: [], onExitCodes: { operator: 'In', values: [42] } },
      ],
    },
  });
  const [first] = await running(1);
  await end(first!, 'Failed', 7);
  await running(0);
  await clock.advance(10_000);
  const [second] = await running(1);
  await end(second!, 'Failed', 42);
  const status = await over('Failed');
  t.equal(status.failed, 1);
  t.match(status.conditions?.at(-1), {
    reason: 'PodFailurePolicy',
    message: `Container c for pod default/${second?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
  });
});

t.test('a job is deleted when its time after the end is over', async (t) => {
  const { make, running, end, over, client, clock } = await jobLab(t);
  await make({ ttlSecondsAfterFinished: 60 });
  const [pod] = await running(1);
  await end(pod!, 'Succeeded');
  await over('Complete');
  await clock.advance(59_000);
  t.equal((await client.get(jobs, 'default/work')).metadata.deletionTimestamp, undefined);
  await clock.advance(1000);
  await settles(
    async () => (await client.get(jobs, 'default/work')).metadata.deletionTimestamp !== undefined,
  );
});

t.test('pods of a job that is gone are let go', async (t) => {
  const { make, running, client, all } = await jobLab(t);
  await make();
  await running(1);
  await client.delete(jobs, 'default/work', { propagationPolicy: 'Background' });
  await settles(async () => (await all()).every(({ metadata }) => !metadata.finalizers?.length));
});

t.test('at rest nothing is written, while it runs and after', async (t) => {
  const { make, running, end, over, client, clock } = await jobLab(t);
  await make({ completions: 2, parallelism: 2, completionMode: 'Indexed' });
  const both = await running(2);
  const unchanged = async () => {
    await quiet();
    const { resourceVersion } = await client.list(pods);
    await clock.advance(600_000);
    await quiet();
    t.equal((await client.list(pods)).resourceVersion, resourceVersion);
  };
  await unchanged();
  for (const pod of both) await end(pod, 'Succeeded');
  await over('Complete');
  await unchanged();
});

t.test('a job that is resumed while its pods still end does not wait for them, nor count them', async (t) => {
  const { make, running, change, client, all, active, job } = await jobLab(t);
  await make({ completions: 4, parallelism: 4 });
  for (const pod of await running(4)) await client.bind(keyOf(pod), 'board');
  await change({ suspend: true });
  await running(0);
  t.equal((await all()).length, 4, 'the board has not ended them');
  await change({ suspend: false });
  await settles(async () => (await active()).length === 4);
  t.equal((await job()).status?.failed, undefined);
});
