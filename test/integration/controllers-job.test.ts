// Jobs over HTTPS: what a client sees, with the real server, the real clock and the job loops behind it.
import t from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { JobController } from '../../src/controllers/job.ts';
import { JobOrphanController } from '../../src/controllers/job-orphans.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { EventLog } from '../support/memory-cluster.ts';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const PODS = '/api/v1/namespaces/default/pods';

const api = await startApiServer();
const base = { client: api.server.client, clock: systemClock, logger: silentLogger };
const informers = new InformerFactory(base);
const recorder = new EventLog();
const loops = [
  new JobController({ ...base, informers, recorder }),
  new JobOrphanController({ ...base, informers, recorder }),
];
await informers.start();
for (const loop of loops) await loop.start();
t.teardown(async () => {
  for (const loop of loops) await loop.stop();
  await informers.stop();
  await api.stop();
});

const jobBody = (name: string, spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'e.com/c:1' }] } },
    ...spec,
  },
});

interface SeenPod {
  metadata: { name: string };
  status: { phase: string };
}

async function podsOf(job: string, count: number): Promise<SeenPod[]> {
  return eventually(async () => {
    const { json } = await api.ask('GET', `${PODS}?labelSelector=job-name=${job}`);
    if (json.items.length !== count) throw new Error(`${json.items.length} pods, ${count} wanted`);
    return json.items as SeenPod[];
  });
}

function end({ metadata }: SeenPod, phase: string) {
  const headers = { 'content-type': 'application/merge-patch+json' };
  return api.ask('PATCH', `${PODS}/${metadata.name}/status`, { headers, body: { status: { phase } } });
}

t.test('a job is complete when its pods have succeeded, and its row says so', async (t) => {
  await api.ask('POST', JOBS, { body: jobBody('sum', { completions: 2, parallelism: 2 }) });
  for (const pod of await podsOf('sum', 2)) await end(pod, 'Succeeded');
  await eventually(async () => {
    const { json } = await api.ask('GET', `${JOBS}/sum`);
    t.match(json.status.conditions.at(-1), { type: 'Complete', status: 'True' });
  });
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const { json } = await api.ask('GET', `${JOBS}/sum`, { headers });
  t.same(json.rows[0].cells.slice(0, 3), ['sum', 'Complete', '2/2']);
  const selected = await api.ask('GET', `${JOBS}?fieldSelector=status.successful=2`);
  t.equal(selected.json.items.length, 1);
});

t.test('a job that is deleted without its pods lets them go', async (t) => {
  await api.ask('POST', JOBS, { body: jobBody('left') });
  const [pod] = await podsOf('left', 1);
  await api.ask('DELETE', `${JOBS}/left?propagationPolicy=Background`);
  await eventually(async () => {
    const { json } = await api.ask('GET', `${PODS}/${pod?.metadata.name}`);
    if (json.metadata.finalizers?.length) throw new Error('still held');
  });
  t.equal((await api.ask('DELETE', `${PODS}/${pod?.metadata.name}`)).code, 200);
  await podsOf('left', 0);
});
