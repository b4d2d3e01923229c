// edgectl's verbs that change what runs, against a real API server and every controller, with boards that act as if.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { podDisruptionBudgets } from '../../src/api/kinds/pod-disruption-budget.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import type { Deployment, Pod, ReplicationController } from '../../src/api/objects.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const BROKEN = 'e.com/broken:1';
const live = await LiveCluster.start({
  boards: ['a', 'b'],
  isBroken: ({ spec }) => spec.containers[0]?.image === BROKEN,
});
const { client } = live;
const home = t.testdir({});
t.teardown(() => live.stop());

const quick = ['--update-period=0s', '--poll-interval=20ms', '--timeout=20s'];
const edgectl = (line: string) => live.edgectl(...line.split(' '));
const rc = (name: string, image: string, labels: Record<string, string>, replicas = 3) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: labels,
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
  },
});
const create = (object: object) =>
  client.create<ReplicationController>(replicationControllers, object as never);
const podsOf = async (app: string) =>
  (await client.list(pods, { labelSelector: `app=${app}` })).items.filter(
    (pod) => !pod.metadata.deletionTimestamp,
  );
const readyOf = async (app: string) => (await podsOf(app)).filter(isReady);
const images = async (app: string) => [
  ...new Set((await podsOf(app)).map(({ spec }) => spec.containers[0]?.image)),
];
const allReady = (app: string, count: number) =>
  eventually(async () => (await readyOf(app)).length === count, 10_000);

/** The fewest and the most pods of `app` that were ready, and there, at any watch event until it is stopped. */
function follow(app: string) {
  const seen = { fewestReady: Number.POSITIVE_INFINITY, most: 0 };
  const look = () => {
    const all = live.informers
      .for(pods)
      .lister.list()
      .filter(({ metadata }) => metadata.labels?.app === app && !metadata.deletionTimestamp);
    seen.fewestReady = Math.min(seen.fewestReady, all.filter((pod: Pod) => isReady(pod)).length);
    seen.most = Math.max(seen.most, all.length);
  };
  const stop = live.informers.for(pods).subscribe({ onUpdate: look, onDelete: look });
  return { seen, stop };
}

t.test('rolling-update --image replaces pod by pod, keeps the number and the name', async (t) => {
  await create(rc('web', 'e.com/web:1', { app: 'web' }));
  await allReady('web', 3);
  const { seen, stop } = follow('web');
  const { exitCode, out, err } = await live.edgectl('rolling-update', 'web', '--image=e.com/web:2', ...quick);
  stop();
  t.same([exitCode, err], [0, '']);
  t.match(
    out,
    /^Created web-[0-9a-f]{32}\nScaling up web-[0-9a-f]+ from 0 to 3, scaling down web from 3 to 0 /,
  );
  t.match(out, /\(keep 3 pods available, don't exceed 4 pods\)/);
  t.match(out, /Renaming web-[0-9a-f]+ to web\nreplicationcontroller\/web rolling updated\n$/);
  t.same(
    out.match(/Scaling web down to \d/g),
    [2, 1, 0].map((n) => `Scaling web down to ${n}`),
  );
  t.ok(seen.fewestReady >= 3, `never fewer than 3 ready: ${seen.fewestReady}`);
  t.ok(seen.most <= 4, `never more than 4: ${seen.most}`);
  t.same(await images('web'), ['e.com/web:2']);
  const names = (await client.list(replicationControllers)).items.map(({ metadata }) => metadata.name);
  t.same(names, ['web']);
  const before = (await podsOf('web')).map(({ metadata }) => metadata.uid).sort();
  await eventually(
    async () => (await client.get(replicationControllers, 'default/web')).status?.replicas === 3,
  );
  t.same(
    (await podsOf('web')).map(({ metadata }) => metadata.uid).sort(),
    before,
    'the pods are adopted, not made anew',
  );
});

t.test('rolling-update -f goes on where an interrupted one stopped', async (t) => {
  await create(rc('v1', 'e.com/x:1', { app: 'x', v: '1' }));
  await allReady('x', 3);
  const file = join(home, 'v2.json');
  await writeFile(file, JSON.stringify(rc('v2', BROKEN, { app: 'x', v: '2' })));
  const args = ['rolling-update', 'v1', '-f', file, ...quick.slice(0, 2)];
  const stuck = await live.edgectl(...args, '--timeout=400ms');
  t.match(stuck, {
    exitCode: 1,
    err: /^error: timed out waiting for pods of v2 to become available.*--rollback\n$/,
  });
  t.equal((await readyOf('x')).length, 3, 'nothing was lost');
  await client.patch(replicationControllers, 'default/v2', {
    type: 'strategic',
    body: { spec: { template: { spec: { containers: [{ name: 'c', image: 'e.com/x:2' }] } } } },
  });
  for (const pod of await podsOf('x')) {
    if (pod.spec.containers[0]?.image === BROKEN) await client.delete(pods, `default/${pod.metadata.name}`);
  }
  const resumed = await live.edgectl(...args, '--timeout=20s');
  t.match(resumed, { exitCode: 0, out: /^Found existing update in progress \(v2\), resuming\.\n/ });
  t.match(resumed.out, /Update succeeded\. Deleting v1\nreplicationcontroller\/v1 rolling updated\n$/);
  t.same(await images('x'), ['e.com/x:2']);
  const { metadata } = await client.get(replicationControllers, 'default/v2');
  t.notOk(metadata.annotations?.['kubectl.kubernetes.io/update-source-id']);
});

t.test('rolling-update --rollback takes a broken one back', async (t) => {
  await create(rc('back', 'e.com/y:1', { app: 'y' }));
  await allReady('y', 3);
  const update = ['rolling-update', 'back', `--image=${BROKEN}`, ...quick.slice(0, 2)];
  t.equal((await live.edgectl(...update, '--timeout=300ms')).exitCode, 1);
  const { exitCode, out } = await live.edgectl('rolling-update', 'back', '--rollback', ...quick);
  t.equal(exitCode, 0);
  t.match(out, /replicationcontroller\/back rolled back\n$/);
  t.same(await images('y'), ['e.com/y:1']);
  t.equal((await readyOf('y')).length, 3);
});

t.test('rolling-update says what is wrong with a pair', async (t) => {
  const wrong = async (next: object) => {
    const file = join(home, 'wrong.json');
    await writeFile(file, JSON.stringify(next));
    return (await live.edgectl('rolling-update', 'web', '-f', file, ...quick)).err;
  };
  t.match(
    await wrong(rc('web', 'i', { app: 'z' })),
    /cannot have the same name as the existing ReplicationController web/,
  );
  t.match(
    await wrong(rc('other', 'i', { app: 'web' })),
    /must specify a matching key with non-equal value in Selector for web/,
  );
  t.match(
    await wrong({ ...rc('o', 'i', { app: 'z' }), metadata: { name: 'o', namespace: 'kube-system' } }),
    /must be in the same/,
  );
  t.match(
    await wrong({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }),
    /does not specify a valid ReplicationController/,
  );
  t.match((await edgectl('rolling-update none --image=i')).err, /replicationcontrollers "none" not found/);
  t.match((await edgectl('rolling-update web')).err, /-f FILE .* or --image=IMAGE/);
});

t.test('stop ends the pods before it deletes what made them', async (t) => {
  t.same(await edgectl('stop rc web --timeout=10s'), {
    exitCode: 0,
    out: 'replicationcontroller "web" stopped\n',
    err: '',
  });
  t.same(await podsOf('web'), []);
  t.match(await edgectl('stop rc web'), { exitCode: 1, err: /replicationcontrollers "web" not found/ });
});

t.test('a deployment is rolled out, shown, paused, undone and restarted', async (t) => {
  const labels = { app: 'dep' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'e.com/d:1' }] } };
  await client.create<Deployment>(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'dep', namespace: 'default' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  const status = async () => edgectl('rollout status deployment/dep --timeout=20s');
  t.match(await status(), { exitCode: 0, out: /deployment "dep" successfully rolled out\n$/ });
  t.match(await edgectl('set image deployment/dep c=e.com/d:2'), {
    out: 'deployment.apps/dep image updated\n',
  });
  t.match(
    (await edgectl('set image deployment/dep nix=e.com/d:2')).err,
    /unable to find container named "nix"/,
  );
  t.match(await status(), { exitCode: 0, out: /deployment "dep" successfully rolled out\n$/ });
  t.match(
    (await edgectl('rollout history deployment/dep')).out,
    /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/,
  );
  t.match((await edgectl('rollout history deployment/dep --revision=1')).out, /image: e\.com\/d:1/);
  t.equal((await edgectl('rollout undo deployment/dep')).out, 'deployment.apps/dep rolled back\n');
  t.match(await status(), { exitCode: 0 });
  t.same(await images('dep'), ['e.com/d:1']);
  t.match(
    (await edgectl('rollout undo deployment/dep --to-revision=3')).out,
    /skipped rollback \(current template already/,
  );
  t.match(
    (await edgectl('rollout undo deployment/dep --to-revision=99')).err,
    /unable to find specified revision 99/,
  );
  t.equal((await edgectl('rollout pause deployment/dep')).out, 'deployment.apps/dep paused\n');
  t.match((await edgectl('rollout pause deployment/dep')).err, /"dep" is already paused/);
  t.match((await edgectl('rollout restart deployment/dep')).err, /can't restart paused deployment/);
  t.equal((await edgectl('rollout resume deployment/dep')).out, 'deployment.apps/dep resumed\n');
  const before = (await podsOf('dep')).map(({ metadata }) => metadata.uid);
  t.equal((await edgectl('rollout restart deployment/dep')).out, 'deployment.apps/dep restarted\n');
  t.match(await status(), { exitCode: 0 });
  t.notOk((await podsOf('dep')).some(({ metadata }) => before.includes(metadata.uid)));
});

t.test('drain moves pods off, waits where a budget says no, and tells what it will not touch', async (t) => {
  await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare', namespace: 'default' },
    spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }] },
  });
  const refused = await edgectl('drain a --timeout=5s');
  t.match(refused, { exitCode: 1, out: 'node/a cordoned\n' });
  t.match(
    refused.err,
    /unable to drain node "a": cannot delete Pods that declare no controller .*: default\/bare/,
  );
  const minAvailable = 2;
  await client.create(podDisruptionBudgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'dep', namespace: 'default' },
    spec: { minAvailable, selector: { matchLabels: { app: 'dep' } } },
  } as never);
  // Both pods must stay until it says that one will do.
  await eventually(
    async () => (await client.get(podDisruptionBudgets, 'default/dep')).status?.currentHealthy === 2,
    5000,
  );
  const allowOne = () =>
    client.patch(podDisruptionBudgets, 'default/dep', {
      type: 'merge',
      body: { spec: { minAvailable: 1 } },
    });
  const drained = edgectl('drain a --force --timeout=20s');
  await eventually(async () => (await podsOf('bare')).length === 0, 5000);
  setTimeout(() => void allowOne(), 1000).unref();
  const { exitCode, out, err } = await drained;
  t.equal(exitCode, 0, err);
  t.match(out, /^node\/a already cordoned\n/);
  t.match(out, /pod\/bare evicted\n/);
  t.match(out, /node\/a drained\n$/);
  t.match(err, /Warning: deleting Pods that declare no controller: default\/bare/);
  const left = (await client.list(pods)).items.filter(({ spec }) => spec.nodeName === 'a');
  t.same(
    left.map(({ metadata }) => metadata.name),
    [],
  );
  t.equal((await edgectl('uncordon a')).out, 'node/a uncordoned\n');
  t.notOk((await client.get(nodes, 'a')).spec.unschedulable);
});

t.test('nodes are tainted, and what is there is not overwritten unasked', async (t) => {
  t.equal((await edgectl('taint nodes a use=camera:NoSchedule')).out, 'node/a tainted\n');
  t.match(
    (await edgectl('taint nodes a use=other:NoSchedule')).err,
    /already has use taint\(s\) .* --overwrite is false/,
  );
  t.equal((await edgectl('taint nodes a use:NoSchedule-')).out, 'node/a untainted\n');
  t.match((await edgectl('taint nodes a use-')).err, /taint "use" not found/);
  t.match((await edgectl('taint nodes a use=x:Never')).err, /invalid taint effect: Never/);
});

t.test('labels, annotations, patches, services and autoscalers are made from the command line', async (t) => {
  t.equal((await edgectl('label nodes a room=hall')).out, 'node/a labeled\n');
  t.match((await edgectl('label nodes a room=attic')).err, /'room' already has a value \(hall\)/);
  t.equal((await edgectl('label nodes a room=attic --overwrite')).out, 'node/a labeled\n');
  t.equal((await edgectl('label nodes a room-')).out, 'node/a unlabeled\n');
  t.equal((await edgectl('annotate deployment dep owner=ops')).out, 'deployment.apps/dep annotated\n');
  t.equal(
    (await edgectl('patch deployment dep -p {"spec":{"replicas":1}}')).out,
    'deployment.apps/dep patched\n',
  );
  // Its controller may still write, which is a change.
  await eventually(async () => {
    const { out } = await edgectl('patch deployment dep -p {"spec":{"replicas":1}}');
    if (out !== 'deployment.apps/dep patched (no change)\n') throw new Error(out);
  });
  t.match((await edgectl('patch deployment dep -p {')).err, /unable to parse the patch/);
  t.equal((await edgectl('expose deployment dep --port=80 --target-port=8080')).out, 'service/dep exposed\n');
  t.match((await edgectl('expose deployment dep --name=no')).err, /couldn't find a port/);
  t.equal(
    (await edgectl('autoscale deployment dep --min=1 --max=3 --cpu-percent=50')).out,
    'horizontalpodautoscaler.autoscaling/dep autoscaled\n',
  );
  t.match((await edgectl('autoscale deployment dep')).err, /--max=MAXPODS is required/);
  t.equal(
    (await edgectl('run one --image=e.com/one:1 --port=80 --expose')).out,
    'service/one created\npod/one created\n',
  );
  t.match(await edgectl('wait --for=condition=Ready pod/one --timeout=10s'), {
    out: 'pod/one condition met\n',
  });
  t.match(await edgectl('wait --for=jsonpath={.status.phase}=Running pod/one'), {
    out: 'pod/one condition met\n',
  });
  t.match(
    (await edgectl('wait --for=condition=Never pod/one --timeout=0s')).err,
    /timed out waiting for the condition on pods\/one/,
  );
  t.match(await edgectl('auth can-i delete pods'), { exitCode: 0, out: 'yes\n' });
  t.match(
    (await edgectl('explain pod.spec.containers')).out,
    /FIELD: containers <\[\]Container>[\s\S]*image +<string>/,
  );
  t.match((await edgectl('explain pod.spec.nix')).err, /field "nix" does not exist/);
});
