// The real kubectl on Deployments that the controllers look after, over HTTPS: what `rollout` says and does.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { pods } from '../../src/api/kinds/pod.ts';
import { keyOf, timestamp } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { DeploymentController } from '../../src/controllers/deployment.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { ReplicaLoop } from '../../src/controllers/replica-loop.ts';
import { replicaSetKind } from '../../src/controllers/replica-owner.ts';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';
import { runKubectl } from '../support/kubectl.ts';

const KUBECTL = '/usr/bin/kubectl';
const options = { skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine` };

const api = await startApiServer();
const { client } = api.server;
const common = { client, clock: systemClock, logger: silentLogger };
const informers = new InformerFactory(common);
const loopOptions = { ...common, informers, recorder: { record: () => undefined } };
const loops = [
  new ReplicaLoop({ ...loopOptions, replicaKind: replicaSetKind }),
  new DeploymentController(loopOptions),
];
/** Pods of this image never become ready. */
const BROKEN = 'e.com/broken:1';
const podInformer = informers.for(pods);
const running = sequence([informers, ...loops]);
await running.start();

/** The board: every pod is ready as soon as it is made, and ends as soon as it is to go. */
const acts = new Set<Promise<void>>();
const unsubscribe = podInformer.subscribe({
  onAdd: (pod) => act(keyOf(pod)),
  onUpdate: (pod) => act(keyOf(pod)),
});
function act(key: string): void {
  const done = answerFor(key).catch((error: Error & { code?: number }) => {
    // Gone or changed by then: what changed it is told too.
    if (error.code !== 404 && error.code !== 409) throw error;
  });
  acts.add(done);
  void done.finally(() => acts.delete(done));
}
async function answerFor(key: string): Promise<void> {
  const pod = await client.get(pods, key);
  if (pod.metadata.deletionTimestamp) return client.delete(pods as never, key, { gracePeriodSeconds: 0 });
  if (isReady(pod) || pod.spec.containers[0]?.image === BROKEN) return;
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: timestamp(Date.now()) };
  const body = { status: { phase: 'Running', conditions: [ready] } };
  await client.patch(pods, key, { type: 'strategic', body }, 'status');
}

t.teardown(async () => {
  unsubscribe();
  await Promise.all(acts);
  await running.stop();
  await api.stop();
});

// A fresh HOME: kubectl keeps discovery per address and port.
const home = t.testdir({});
const kubeconfig = renderKubeconfig({
  server: api.url,
  authorityPem: api.authority.certificatePem,
  client: api.admin,
});
await writeFile(join(home, 'config'), kubeconfig);

async function kubectl(line: string) {
  const { code, out, err } = await runKubectl(KUBECTL, home, line.split(' '));
  return { code, out: out.toString(), err };
}

t.test('a rollout is followed to its end, listed, and taken back', options, async (t) => {
  t.match(await kubectl('create deployment web --image=e.com/c:1 --replicas=5'), { code: 0, err: '' });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), {
    code: 0,
    out: /deployment "web" successfully rolled out/,
  });
  t.match(await kubectl('set image deployment/web c=e.com/c:2'), { out: /image updated/ });
  t.match(await kubectl('annotate deployment web kubernetes.io/change-cause=second'), { code: 0 });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
  t.match(await kubectl('rollout history deployment/web'), { out: /1 +<none>\n2 +second\n/ });
  t.match(await kubectl('rollout history deployment/web --revision=1'), { out: /Image:\s+e.com\/c:1\n/ });
  t.match(await kubectl('rollout undo deployment/web'), { code: 0, out: /rolled back/ });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
  t.match(await kubectl('get deploy web -o wide'), { out: /web +5\/5 +5 +5 .* e.com\/c:1 / });
  t.match(await kubectl('rollout history deployment/web'), { out: /2 +second\n3 +/ });
  t.match(await kubectl('rollout undo deployment/web --to-revision=2'), { code: 0 });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
  t.match(await kubectl('get deploy web -o wide'), { out: / e.com\/c:2 / });
});

t.test('a restart makes a revision; a pause holds the next one back', options, async (t) => {
  t.match(await kubectl('rollout restart deployment/web'), { code: 0, out: /restarted/ });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
  t.match(await kubectl('rollout history deployment/web'), { out: /5 +/ });
  t.match(await kubectl('rollout pause deployment/web'), { out: /paused/ });
  t.match(await kubectl('set image deployment/web c=e.com/c:3'), { code: 0 });
  t.match(await kubectl('rollout undo deployment/web'), {
    code: 1,
    err: /cannot rollback a paused deployment/,
  });
  t.match(await kubectl('scale deployment web --replicas=3'), { out: /scaled/ });
  t.match(await kubectl('wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=20s'), {
    code: 0,
  });
  t.match(await kubectl('get pods -o jsonpath={.items[*].spec.containers[0].image}'), {
    out: /^e.com\/c:2 e.com\/c:2 e.com\/c:2$/,
  });
  t.match(await kubectl('rollout resume deployment/web'), { out: /resumed/ });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
  t.match(await kubectl('get rs -l app=web'), { out: /web-\w+ +3 +3 +3 / });
});

t.test('a rollout that never gets ready is said to have failed', options, async (t) => {
  const patch = '{"spec":{"progressDeadlineSeconds":1}}';
  t.match(await kubectl(`patch deployment web -p ${patch}`), { code: 0 });
  t.match(await kubectl(`set image deployment/web c=${BROKEN}`), { code: 0 });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), {
    code: 1,
    err: /deployment "web" exceeded its progress deadline/,
  });
  t.match(await kubectl('rollout undo deployment/web'), { code: 0 });
  t.match(await kubectl('rollout status deployment/web --timeout=20s'), { code: 0 });
});
