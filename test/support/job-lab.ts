// Jobs on a master in memory, with a test's hand in the place of the boards: it ends pods as it likes.
import type { Test } from 'tap';
import { jobs } from '../../src/api/kinds/job.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { type batch, type Job, keyOf, type Pod } from '../../src/api/objects.ts';
import type { Client } from '../../src/client/client.ts';
import { JobController } from '../../src/controllers/job.ts';
import { JobOrphanController } from '../../src/controllers/job-orphans.ts';
import { JobTtlController } from '../../src/controllers/job-ttl.ts';
import { isActive } from '../../src/controllers/pod-state.ts';
import { memoryCluster } from './memory-cluster.ts';
import { quiet, settles } from './settles.ts';

export const jobTemplate = {
  metadata: { labels: { app: 'work' } },
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'e.com/c:1' }] },
};

/** `change` may stand between the controller and the server. */
export async function jobLab(t: Test, change: (client: Client) => Client = (client) => client) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, options, clock } = cluster;
  await cluster.run(
    new JobController({ ...options, client: change(client) }),
    new JobOrphanController(options),
    new JobTtlController(options),
  );
  const all = async () => (await client.list(pods, { namespace: 'default' })).items;
  const end = async (pod: Pod, phase: 'Succeeded' | 'Failed', exitCode = phase === 'Failed' ? 1 : 0) => {
    const current = await client.get(pods, keyOf(pod));
    const finishedAt = new Date(clock.now()).toISOString();
    const state = { terminated: { exitCode, finishedAt } };
    const containerStatuses = [{ name: 'c', ready: false, restartCount: 0, image: '', imageID: '', state }];
    await client.updateStatus(pods, { ...current, status: { ...current.status, phase, containerStatuses } });
  };
  const job = () => client.get(jobs, 'default/work');
  return {
    ...cluster,
    all,
    end,
    job,
    active: async () => (await all()).filter(isActive),
    make: (spec: Partial<batch.JobSpec> = {}, name = 'work') =>
      client.create<Job>(jobs, {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: 'default' },
        spec: { template: structuredClone(jobTemplate), ...spec },
      }),
    change: (spec: Partial<batch.JobSpec>) =>
      client.patch(jobs, 'default/work', { type: 'merge', body: { spec } }),
    /** Resolves with `count` running pods once the job says that there are so many, and nothing more happens. */
    running: async (count: number): Promise<Pod[]> => {
      const found = await settles(async () => {
        const active = (await all()).filter(isActive);
        return active.length === count && ((await job()).status?.active ?? 0) === count ? active : false;
      });
      await quiet(20);
      return found as Pod[];
    },
    /** Resolves with the job's status once it is over in this way. */
    over: (type: 'Complete' | 'Failed') =>
      settles(async () => {
        const { status } = await job();
        return status?.conditions?.some((c) => c.type === type && c.status === 'True') ? status : false;
      }) as Promise<batch.JobStatus>,
  };
}
