// custom.metrics.k8s.io and external.metrics.k8s.io as their clients meet them: HTTPS, RBAC, the machine's own kubectl.
import t from 'tap';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Deployment, Pod } from '../../src/api/objects.ts';
import type { PublishedNumber } from '../../src/apiserver/measured/published-numbers.ts';
import { startApiServer } from '../support/api-server.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const atMs = Date.parse('2026-01-01T00:00:30Z');
const about = (kind: string, name: string, milli: number, metric = 'waiting'): PublishedNumber => ({
  namespace: 'default',
  kind,
  name,
  metric,
  milli,
  atMs,
});
let numbers: PublishedNumber[] = [];
const api = await startApiServer({ numbers: { all: () => numbers } });
t.teardown(() => api.stop());
const { client } = api.server;
const CUSTOM = '/apis/custom.metrics.k8s.io/v1beta2';
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
for (const [name, app] of [
  ['web-1', 'web'],
  ['web-2', 'web'],
  ['db', 'db'],
]) {
  await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: name ?? '', namespace: 'default', labels: { app: app ?? '' } },
    spec: template.spec,
  });
}
await client.create<Deployment>(deployments, {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } }, template },
});
const all = [
  about('Pod', 'web-2', 2_500),
  about('Pod', 'web-1', 7_000),
  about('Pod', 'db', 1_000),
  about('Pod', 'gone', 9_000),
  about('Deployment', 'web', 4_000),
  about('', 'orders', 15_000),
  about('', 'returns', 250),
  { ...about('', 'orders', 1_000), namespace: 'other' },
];
numbers = all;

t.test('discovery names the groups, and as resources the metrics that there are now', async (t) => {
  const groups = (await api.ask('GET', '/apis')).json.groups as { name: string; versions: object[] }[];
  t.match(
    groups.filter(({ name }) => /(custom|external)\.metrics/.test(name)),
    [
      { name: 'custom.metrics.k8s.io', versions: [{ version: 'v1beta2' }] },
      { name: 'external.metrics.k8s.io', versions: [{ version: 'v1beta1' }] },
    ],
  );
  const custom = (await api.ask('GET', CUSTOM)).json;
  t.same(custom, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'custom.metrics.k8s.io/v1beta2',
    resources: ['deployments.apps/waiting', 'pods/waiting'].map((name) => ({
      name,
      singularName: '',
      namespaced: true,
      kind: 'MetricValueList',
      verbs: ['get'],
    })),
  });
  t.match((await api.ask('GET', EXTERNAL)).json.resources, [
    { name: 'waiting', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] },
  ]);
  numbers = [];
  t.same((await api.ask('GET', CUSTOM)).json.resources, [], 'the groups are there without any');
  numbers = all;
});

t.test('aggregated discovery has them too, as client-go wants it first', async (t) => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  const { items } = (await api.ask('GET', '/apis', { headers: { accept } })).json;
  const of = (group: string) =>
    items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === group).versions[0];
  const kind = (name: string) => ({ group: '', version: '', kind: name });
  const resource = (name: string) => ({
    resource: name,
    responseKind: kind(''),
    scope: 'Namespaced',
    singularResource: '',
    verbs: [],
    subresources: [{ subresource: 'waiting', responseKind: kind('MetricValueList'), verbs: ['get'] }],
  });
  t.same(of('custom.metrics.k8s.io').resources, [resource('deployments.apps'), resource('pods')]);
  t.same(of('external.metrics.k8s.io').resources, [
    {
      resource: 'waiting',
      responseKind: kind('ExternalMetricValueList'),
      scope: 'Namespaced',
      singularResource: '',
      verbs: ['get'],
    },
  ]);
  t.match(
    of('metrics.k8s.io').resources.map(({ resource: name }: { resource: string }) => name),
    ['nodes', 'pods'],
  );
});

t.test('numbers about objects: one by its name, or all that a selector selects', async (t) => {
  const one = await api.ask('GET', `${CUSTOM}/namespaces/default/pods/web-1/waiting`);
  t.equal(one.code, 200);
  t.same(one.json, {
    kind: 'MetricValueList',
    apiVersion: 'custom.metrics.k8s.io/v1beta2',
    metadata: {},
    items: [
      {
        describedObject: { kind: 'Pod', namespace: 'default', name: 'web-1', apiVersion: 'v1' },
        metric: { name: 'waiting', selector: null },
        timestamp: '2026-01-01T00:00:30Z',
        value: '7',
      },
    ],
  });
  const names = async (query: string) =>
    (await api.ask('GET', `${CUSTOM}/namespaces/default/pods/*/waiting${query}`)).json.items.map(
      (item: { describedObject: { name: string }; value: string }) =>
        `${item.describedObject.name} ${item.value}`,
    );
  t.same(await names('?labelSelector=app%3Dweb'), ['web-1 7', 'web-2 2500m']);
  t.same(await names(''), ['db 1', 'web-1 7', 'web-2 2500m'], 'not of a pod that is gone');
  const deployment = await api.ask('GET', `${CUSTOM}/namespaces/default/deployments.apps/web/waiting`);
  t.match(deployment.json.items, [{ describedObject: { apiVersion: 'apps/v1' }, value: '4' }]);
});

t.test('what nobody says is not found, in the words of the adapters', async (t) => {
  const message = async (path: string, method = 'GET') => {
    const { code, json } = await api.ask(method, path);
    return `${code} ${json.message}`;
  };
  const within = `${CUSTOM}/namespaces/default`;
  t.equal(
    await message(`${within}/pods/web-1/other`),
    '404 the server could not find the metric other for pods web-1',
  );
  t.equal(
    await message(`${within}/pods/*/waiting?labelSelector=app%3Dnone`),
    '404 the server could not find the metric waiting for pods',
  );
  t.equal(
    await message(`${within}/pods/web-1/waiting?metricLabelSelector=verb%3DGET`),
    '404 the server could not find the metric waiting for pods web-1',
    'numbers have no labels that a selector could mean',
  );
  t.match(
    await message(`${within}/gadgets/a/waiting`),
    /^404 the server could not find the requested resource/,
  );
  t.match(await message(`${within}/pods/web-1/waiting`, 'DELETE'), /^405/);
  t.match(await message(`${within}/pods/*/waiting?labelSelector=%3D%3D`), /^400/);
});

t.test('numbers about no object are series of one metric', async (t) => {
  const path = `${EXTERNAL}/namespaces/default/waiting`;
  t.same((await api.ask('GET', path)).json, {
    kind: 'ExternalMetricValueList',
    apiVersion: 'external.metrics.k8s.io/v1beta1',
    metadata: {},
    items: [
      {
        metricName: 'waiting',
        metricLabels: { series: 'orders' },
        timestamp: '2026-01-01T00:00:30Z',
        value: '15',
      },
      {
        metricName: 'waiting',
        metricLabels: { series: 'returns' },
        timestamp: '2026-01-01T00:00:30Z',
        value: '250m',
      },
    ],
  });
  const selected = await api.ask('GET', `${path}?labelSelector=series%3Dorders`);
  t.match(selected.json.items, [{ value: '15' }]);
  t.equal(selected.json.items.length, 1);
  t.same(
    (await api.ask('GET', `${EXTERNAL}/namespaces/default/none`)).json.items,
    [],
    'as upstream: an empty list',
  );
});

t.test('who may read which is a matter of RBAC', async (t) => {
  const as = await api.authority.issue({ commonName: 'ann', usage: 'client' });
  const code = async (path: string) => (await api.ask('GET', path, { as })).code;
  const paths = [
    `${CUSTOM}/namespaces/default/pods/web-1/waiting`,
    `${CUSTOM}/namespaces/default/deployments.apps/web/waiting`,
    `${EXTERNAL}/namespaces/default/waiting`,
  ];
  for (const path of paths) t.equal(await code(path), 403, path);
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  const rules = [
    { apiGroups: ['custom.metrics.k8s.io'], resources: ['pods/waiting'], verbs: ['get'] },
    { apiGroups: ['external.metrics.k8s.io'], resources: ['waiting'], verbs: ['list'] },
  ];
  await api.ask('POST', `${rbac}/roles`, {
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reads-waiting' },
      rules,
    },
  });
  await api.ask('POST', `${rbac}/rolebindings`, {
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'ann' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads-waiting' },
      subjects: [{ kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });
  t.same(
    [await code(paths[0] ?? ''), await code(paths[1] ?? ''), await code(paths[2] ?? '')],
    [200, 403, 200],
  );
});

t.test('kubectl reads them raw, and is not disturbed by them', withOwnKubectl, async (t) => {
  const kubectl = await kubectlFor(api, t.testdir({}));
  const raw = await kubectl(`get --raw ${CUSTOM}/namespaces/default/pods/*/waiting`);
  t.equal(JSON.parse(raw.out).items.length, 3);
  t.match((await kubectl('api-versions')).out, /custom.metrics.k8s.io\/v1beta2/);
  t.match(await kubectl('get all'), { code: 0, out: /deployment.apps\/web/ });
});
