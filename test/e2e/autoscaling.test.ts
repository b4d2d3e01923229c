// Autoscaling on two boards with real podman: what boards measure is what the kernel counts, and an autoscaler acts on
// it both ways; so it does on a number that an application publishes with the token of its pod, which says nothing of
// others.
import { readFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:https';
import { json } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { connect } from 'mqtt';
import t from 'tap';
import type { PodMetrics } from '../../src/api/kinds/pod-metrics.ts';
import type { Deployment, HorizontalPodAutoscaler, Pod } from '../../src/api/objects.ts';
import { cpuMillis } from '../../src/api/quantity.ts';
import { eventually } from '../support/eventually.ts';
import { mqttArchive, mqttImage } from '../support/guestbook/images.ts';
import { pidOf, readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

/** Exit code of mosquitto_pub, which is the library's MOSQ_ERR_CONN_LOST: MQTT 3.1.1 has no other refusal. */
const CONNECTION_LOST = 7;

/** Takes all that it may until somebody tells it to rest. */
const BUSY = `trap 'exit 0' TERM
while [ ! -e /rest ]; do i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; done
while :; do sleep 1; done`;

const deployment = (name: string, container: object, podSpec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: mqttImage, imagePullPolicy: 'Never', ...container }],
        ...podSpec,
      },
    },
  },
});

const busy = deployment('busy', {
  command: ['/bin/sh', '-c', BUSY],
  resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
});

/** Publishes the number in its file, or 20, each second, as any program of a person's would. */
const queue = (host: string, port: number) => {
  const script = `trap 'exit 0' TERM
publish() {
  mosquitto_pub -V 311 -h ${host} -p ${port} --cafile /var/run/secrets/kubernetes.io/serviceaccount/ca.crt \
    -u pod -P "$(cat /var/run/mqtt/token)" -q 1 -t "edge/v1/metrics/default/$1" -m "$2"
}
[ -z "$1" ] || { publish "$1" "$2"; exit $?; }
while :; do publish "Pod/$HOSTNAME/waiting" "$(cat /load 2>/dev/null || echo 20)"; sleep 1; done`;
  const volume = { projected: { sources: [{ serviceAccountToken: { audience: 'mqtt', path: 'token' } }] } };
  const container = {
    command: ['/bin/sh', '-c', script, 'publish'],
    volumeMounts: [{ name: 'mqtt', mountPath: '/var/run/mqtt' }],
  };
  return { script, object: deployment('queue', container, { volumes: [{ name: 'mqtt', ...volume }] }) };
};

const autoscaler = (name: string, metric: object) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    maxReplicas: 2,
    behavior: { scaleDown: { stabilizationWindowSeconds: 1 } },
    metrics: [metric],
  },
});
/** All that it may have are 200 %, less on a busy machine; a few seconds into a rest two pods have less than 120 %. */
const byCpu = autoscaler('busy', {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 120 } },
});
const byOwnNumber = autoscaler('queue', {
  type: 'Pods',
  pods: { metric: { name: 'waiting' }, target: { type: 'AverageValue', averageValue: '10' } },
});

interface Ticks {
  atMs: number;
  cpuMs: number;
}

/** User and system time of a process, proc_pid_stat(5), which knows nothing of cgroups. */
async function ticksOf(pid: number): Promise<Ticks> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return { atMs: Date.now(), cpuMs: (user + system) * 10 };
}

/** Thousandths of a core over the `windowMs` before the last look. */
function kernelMillis(seen: readonly Ticks[], windowMs: number): number {
  const until = seen.at(-1);
  const from = seen.find(({ atMs }) => until && atMs >= until.atMs - windowMs) ?? seen[0];
  if (!from || !until) throw new Error('the process was never looked at');
  return ((until.cpuMs - from.cpuMs) * 1000) / (until.atMs - from.atMs);
}

/** As `kubectl get --raw`. */
async function raw(kubeconfig: string, path: string): Promise<unknown> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return new Promise((resolve, reject) => {
    const url = `${config.getCurrentCluster()?.server}${path}`;
    get(url, options, (response) => resolve(json(response))).on('error', reject);
  });
}

t.test('autoscaling', async (t) => {
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(async () => {
    if (!t.passing()) t.comment(await master.edgectl('describe', 'hpa').then(({ stdout }) => stdout));
    await cluster.destroyAfter(t);
  });
  cluster.masterFlags = ['--horizontal-pod-autoscaler-sync-period=1s'];
  cluster.agentFlags = ['--metrics-interval=5s'];
  await cluster.start(['alpha', 'beta'], [await mqttArchive()]);
  const { script, object } = queue(cluster.lab.address, master.mqttPort);
  await master.apply(busy, byCpu, object);

  const shell = (pod: Pod, ...command: string[]) =>
    master.edgectl('exec', pod.metadata.name, '--', '/bin/sh', '-c', ...command);
  const scaledTo = (name: string, replicas: number, timeoutMs: number) =>
    eventually(
      async () => {
        const { spec } = await master.json<Deployment>('get', 'deployment', name);
        if (spec.replicas !== replicas) throw new Error(`${name} has ${spec.replicas}, not ${replicas}`);
      },
      timeoutMs,
      100,
    );

  await t.test('a busy container is measured as the kernel does, and is given company', async (t) => {
    const [pod] = await readyPods(master, 'app=busy', 1);
    const { board } = cluster.agent(pod?.spec.nodeName ?? '');
    const pid = Number(await pidOf(board, pod));
    const seen: Ticks[] = [];
    const metrics = await eventually(
      async () => {
        seen.push(await ticksOf(pid));
        const { items } = await master.json<{ items: PodMetrics[] }>('get', 'pods.metrics.k8s.io');
        const own = items.find(({ metadata }) => metadata.name === pod?.metadata.name);
        if (!own) throw new Error('no figures yet');
        return own;
      },
      30_000,
      100,
    );
    const kernel = kernelMillis(seen, Number.parseFloat(metrics.window) * 1000);
    const reported = cpuMillis(metrics.containers[0]?.usage.cpu ?? '0');
    const both = `${reported}m reported, ${Math.round(kernel)}m by the kernel, window ${metrics.window}`;
    t.ok(Math.abs(reported - kernel) <= kernel / 10, both);
    t.comment(both);
    await scaledTo('busy', 2, 30_000);
    const told = /SuccessfulRescale.*New size: 2; reason: cpu resource utilization.* above target/;
    t.match(await master.must('describe', 'hpa', 'busy'), told);
  });

  await t.test('when the load is over it is alone again', async (t) => {
    const pods = await readyPods(master, 'app=busy', 2);
    t.equal(new Set(pods.map(({ spec }) => spec.nodeName)).size, 2, 'one on each board');
    for (const pod of pods) await shell(pod, ': > /rest');
    await scaledTo('busy', 1, 30_000);
    t.match(
      await master.must('describe', 'hpa', 'busy'),
      /SuccessfulRescale.*New size: 1; reason: All metrics below target/,
    );
    t.match(await master.must('top', 'pods', '--containers'), /^busy-\S+ +main +\d+m +\d+Mi/m);
    t.match(await master.must('top', 'nodes'), /^alpha +\d+m +\d+% +\d+Mi +\d+%/m);
  });

  const numbers: [topic: string, value: string][] = [];
  const person = connect(`mqtt://127.0.0.1:${master.inspectPort}`);
  t.teardown(() => person.endAsync(true));
  person.on('message', (topic, payload) => numbers.push([topic, payload.toString()]));
  await person.subscribeAsync('edge/v1/metrics/#');

  await t.test('by a number of its own an application grows and shrinks', async (t) => {
    await master.apply(byOwnNumber);
    await scaledTo('queue', 2, 30_000);
    const pods = await readyPods(master, 'app=queue', 2);
    for (const pod of pods) t.equal((await shell(pod, 'echo 4 > /load')).code, 0);
    await scaledTo('queue', 1, 30_000);
    const { status } = await master.json<HorizontalPodAutoscaler>('get', 'hpa', 'queue');
    t.match(status?.currentMetrics, [{ type: 'Pods', pods: { metric: { name: 'waiting' } } }]);
    t.match(
      await master.must('describe', 'hpa', 'queue'),
      /New size: 2; reason: pods metric waiting above target/,
    );
  });

  await t.test("it cannot say another's number, nor that of another controller", async (t) => {
    const [pod] = await readyPods(master, 'app=queue', 1);
    if (!pod) throw new Error('no pod');
    const [victim] = await readyPods(master, 'app=busy', 1);
    const say = (topic: string) => shell(pod, script, 'publish', topic, '99');
    const own = await say(`Deployment/queue/waiting`);
    t.equal(own.code, 0, `about the Deployment above it: ${own.stderr}`);
    for (const foreign of [`Pod/${victim?.metadata.name}/waiting`, 'Deployment/busy/waiting']) {
      const refused = await say(foreign);
      t.equal(refused.code, CONNECTION_LOST, `${foreign}: ${refused.stderr}`);
    }
    const shared = await say('_/orders/waiting');
    t.equal(shared.code, 0, `about no object: ${shared.stderr}`);
    const external = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/waiting';
    t.match(await raw(master.kubeconfig, external), {
      items: [{ metricName: 'waiting', metricLabels: { series: 'orders' }, value: '99' }],
    });
    const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default';
    t.match(await raw(master.kubeconfig, `${custom}/pods/*/waiting`), {
      items: [{ describedObject: { kind: 'Pod', name: pod.metadata.name }, value: '4' }],
    });
    t.match(await raw(master.kubeconfig, `${custom}/pods/${victim?.metadata.name}/waiting`), { code: 404 });
    const topics = new Set(numbers.map(([topic]) => topic));
    t.ok(topics.has('edge/v1/metrics/default/Deployment/queue/waiting'));
    t.same(
      [...topics].filter((topic) => topic.includes('busy')),
      [],
      'nothing of it came through',
    );
  });
});
