// metrics.k8s.io as its clients meet it, over HTTPS and with the machine's own kubectl.
import t from 'tap';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Node, Pod } from '../../src/api/objects.ts';
import type { NodeUsage, PodUsage } from '../../src/apiserver/measured/usage-source.ts';
import { startApiServer } from '../support/api-server.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const measured: { nodes: NodeUsage[]; pods: PodUsage[] } = { nodes: [], pods: [] };
const api = await startApiServer({ usage: { nodes: () => measured.nodes, pods: () => measured.pods } });
t.teardown(() => api.stop());
const { client } = api.server;
const ROOT = '/apis/metrics.k8s.io/v1beta1';

const addPod = async (name: string): Promise<Pod> => {
  const pod = await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      containers: [
        { name: 'main', image: 'i' },
        { name: 'side', image: 'i' },
      ],
    },
  });
  return client.updateStatus<Pod>(pods, { ...pod, status: { phase: 'Running' } });
};

const atMs = Date.parse('2026-01-01T00:00:30Z');
const use = (pod: Pod, name = pod.metadata.name): PodUsage => ({
  key: `default/${name}`,
  uid: pod.metadata.uid,
  atMs,
  windowMs: 60_000,
  containers: {
    main: { cpuNanocores: 250_000_000, workingSetBytes: 10 * 2 ** 20 },
    side: { cpuNanocores: 1_500_000, workingSetBytes: 2 * 2 ** 20 },
  },
});

await client.create<Node>(nodes, {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'pi', labels: { room: 'attic' } },
  spec: {},
  status: {
    allocatable: { cpu: '4', memory: '4Gi', pods: '110' },
    capacity: { cpu: '4', memory: '4Gi', pods: '110' },
  },
});
const web = await addPod('web');
const db = await addPod('db');
measured.nodes = [
  { node: 'pi', atMs, windowMs: 60_000, cpuNanocores: 500_000_000, workingSetBytes: 2 ** 30 },
];
measured.pods = [use(web), use(db), { ...use(web, 'gone'), uid: 'x' }, { ...use(web, 'ghost') }];

t.test('figures are served as upstream serves them', async (t) => {
  const { code, json } = await api.ask('GET', `${ROOT}/namespaces/default/pods/web`);
  t.equal(code, 200);
  t.same(json, {
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name: 'web',
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:30Z',
      labels: { app: 'web' },
    },
    timestamp: '2026-01-01T00:00:30Z',
    window: '60s',
    containers: [
      { name: 'main', usage: { cpu: '250m', memory: '10240Ki' } },
      { name: 'side', usage: { cpu: '1500u', memory: '2048Ki' } },
    ],
  });
  const list = (await api.ask('GET', `${ROOT}/nodes`)).json;
  t.equal(list.kind, 'NodeMetricsList');
  t.match(list.items, [{ metadata: { name: 'pi' }, usage: { cpu: '500m', memory: '1048576Ki' } }]);
});

t.test(
  'labels and fields select, namespaces bound, and who is gone or has a namesake is not shown',
  async (t) => {
    const names = async (path: string) =>
      (await api.ask('GET', `${ROOT}${path}`)).json.items.map((item: Pod) => item.metadata.name);
    t.same(await names('/pods'), ['db', 'web']);
    t.same(await names('/namespaces/default/pods?labelSelector=app%3Dweb'), ['web']);
    t.same(await names('/pods?fieldSelector=metadata.name%3Ddb'), ['db']);
    t.same(await names('/namespaces/other/pods'), []);
    t.same(await names('/nodes?labelSelector=room%3Dcellar'), []);
    t.match(await api.ask('GET', `${ROOT}/namespaces/default/pods/gone`), {
      code: 404,
      json: { reason: 'NotFound' },
    });
  },
);

t.test('what is not known is absent, never 0', async (t) => {
  const { node } = measured.nodes[0] as NodeUsage;
  const before = measured.nodes;
  measured.nodes = [{ node, atMs, windowMs: 5000, cpuNanocores: 1 }];
  t.same((await api.ask('GET', `${ROOT}/nodes/pi`)).json.usage, { cpu: '1n' });
  measured.nodes = [];
  t.equal((await api.ask('GET', `${ROOT}/nodes/pi`)).code, 404);
  measured.nodes = before;
});

t.test('they are read only, and discovery and OpenAPI say so', async (t) => {
  for (const method of ['POST', 'DELETE']) {
    t.equal((await api.ask(method, `${ROOT}/nodes`, { body: {} })).code, 405, method);
  }
  t.equal((await api.ask('PUT', `${ROOT}/nodes/pi`, { body: {} })).code, 405);
  t.equal((await api.ask('GET', `${ROOT}/nodes?watch=1`)).code, 405);
  const { resources } = (await api.ask('GET', ROOT)).json;
  t.match(resources, [
    { name: 'nodes', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
    { name: 'pods', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
  ]);
  const document = await api.ask('GET', '/openapi/v3/apis/metrics.k8s.io/v1beta1');
  t.match(Object.keys(document.json.components.schemas).join(), /PodMetrics/);
  t.equal((await api.ask('GET', '/openapi/v2')).code, 200);
});

t.test('tables have the columns of metrics-server', async (t) => {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const { json } = await api.ask('GET', `${ROOT}/pods`, { headers });
  t.same(
    json.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'cpu', 'memory', 'Window'],
  );
  t.same(json.rows[1].cells, ['web', '251500u', '12Mi', '60s']);
});

t.test('kubectl top shows nodes, pods and containers', withOwnKubectl, async (t) => {
  const kubectl = await kubectlFor(api, t.testdir({}));
  t.match(await kubectl('top nodes'), { code: 0, out: /^pi +500m +12% +1024Mi +25%/m });
  t.match(await kubectl('top pods'), { code: 0, out: /^web +25[12]m +12Mi/m });
  t.match(await kubectl('top pods --containers'), { code: 0, out: /^web +side +[12]m +2Mi/m });
  t.match(await kubectl('top pods -l app=db'), { code: 0, out: /^NAME.*\ndb/ });
  t.match(await kubectl('get pods'), { out: /STATUS/ }, 'the name alone still means core pods');
});
