// The patterns of Jobs over two boards, the queue being a real redis that workers find by its name: a Job per work item
// from a template, a queue with a pod per item, a queue that a few pods empty. Every item is done exactly once, also
// when a worker is killed in the middle.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-patterns
import t from 'tap';
import type { Job, Pod } from '../../src/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { guestbookArchives, redisImage } from '../support/guestbook/images.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

/**
 * An item that is being worked on stands in a list of its worker's own, so that the worker, started again, goes on with
 * it; that it is done and no longer worked on is one step.
 */
const ITEM = `
redis() { redis-cli -h redis "$@"; }
take() { held=$(redis lindex "at:$HOSTNAME" 0); [ -n "$held" ] || held=$(redis rpoplpush queue "at:$HOSTNAME"); }
finish() { redis eval 'redis.call("lrem",KEYS[1],0,ARGV[1]); return redis.call("rpush","done",ARGV[1])' 1 "at:$HOSTNAME" "$held"; }
`;
const ONE_ITEM = `${ITEM} take; [ -n "$held" ] || exit 1; echo "at $held"; sleep 3; finish`;
const ALL_ITEMS = `${ITEM} while take; [ -n "$held" ]; do echo "at $held"; sleep 3; finish; done`;

const container = (...command: string[]) => ({
  name: 'c',
  image: redisImage,
  imagePullPolicy: 'Never',
  command,
});
const shell = (script: string) => container('sh', '-c', script);

const redis = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'redis', labels: { app: 'redis' } },
    spec: {
      containers: [container('redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', '--save', '')],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'redis' },
    spec: { selector: { app: 'redis' }, ports: [{ port: 6379 }] },
  },
];

const job = (name: string, script: string, spec: object, labels: Record<string, string> = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, labels },
  spec: {
    ...spec,
    template: { metadata: { labels }, spec: { restartPolicy: 'OnFailure', containers: [shell(script)] } },
  },
});

t.test('jobs', async (t) => {
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(() => cluster.destroyAfter(t));
  const [redisArchive = ''] = await guestbookArchives();
  await cluster.start(['alpha', 'beta'], [redisArchive]);
  await master.apply(...redis);
  await readyPods(master, 'app=redis', 1);

  const ask = async (...command: string[]) =>
    (await master.must('exec', 'redis', '--', 'redis-cli', ...command)).trim();
  const fill = async (...items: string[]) => {
    await ask('del', 'done');
    await ask('rpush', 'queue', ...items);
  };
  const doneItems = async () => (await ask('lrange', 'done', '0', '-1')).split('\n').sort();
  const ended = (name: string) =>
    eventually(
      async () => {
        const { status } = await master.json<Job>('get', 'job', name);
        if (!status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True'))
          throw new Error(`${name}: ${JSON.stringify(status)}`);
        return status;
      },
      90_000,
      200,
    );
  /** Ends the process of the first worker that says it is at an item, as a board short of memory would. */
  const killOne = (name: string) =>
    eventually(
      async () => {
        const { items } = await master.json<{ items: Pod[] }>('get', 'pods', '-l', `job-name=${name}`);
        const busy = items.find(({ status }) => status?.containerStatuses?.[0]?.state?.running);
        if (!busy) throw new Error('no worker runs');
        const { stdout } = await master.edgectl('logs', busy.metadata.name);
        if (!stdout.includes('at ')) throw new Error('it has taken nothing yet');
        const { board } = cluster.agent(busy.spec.nodeName ?? '');
        const filters = [
          '--filter',
          `name=^${busy.metadata.name}_`,
          '--filter',
          'label=edge-cluster/container',
        ];
        const { stdout: id } = await board.run('podman', 'ps', '--quiet', ...filters);
        await board.run('podman', 'kill', '--signal', 'KILL', id.trim());
        return busy.metadata.name;
      },
      30_000,
      100,
    );

  await t.test('a Job per work item, made from one template', async (t) => {
    const fruits = ['apple', 'banana', 'cherry'];
    const labels = { jobgroup: 'jobexample' };
    await master.apply(
      ...fruits.map((item) => job(`process-item-${item}`, `echo Processing item ${item}`, {}, labels)),
    );
    for (const item of fruits) t.equal((await ended(`process-item-${item}`)).succeeded, 1);
    const { items } = await master.json<{ items: Job[] }>('get', 'jobs', '-l', 'jobgroup=jobexample');
    t.equal(items.length, fruits.length);
    const { stdout } = await master.edgectl('logs', 'job/process-item-apple');
    t.equal(stdout, 'Processing item apple\n');
  });

  await t.test('a queue with a pod per item: as many pods succeed as there are items', async (t) => {
    const items = ['a', 'b', 'c', 'd'];
    await fill(...items);
    await master.apply(job('per-item', ONE_ITEM, { completions: items.length, parallelism: 2 }));
    const killed = await killOne('per-item');
    const { succeeded, failed = 0 } = await ended('per-item');
    t.equal(succeeded, items.length);
    t.equal(failed, 0, 'the pod whose process was killed went on in place');
    t.same(await doneItems(), items);
    const pod = await master.json<Pod>('get', 'pod', killed);
    t.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
  });

  await t.test('a queue that a variable number of pods empties', async (t) => {
    const items = ['1', '2', '3', '4', '5'];
    await fill(...items);
    await master.apply(job('queue', ALL_ITEMS, { parallelism: 2 }));
    await killOne('queue');
    const { succeeded } = await ended('queue');
    t.equal(succeeded, 2, 'no pod was made once one had succeeded, and both ended');
    t.same(await doneItems(), items);
  });
});
