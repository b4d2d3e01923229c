// Dialogues of Kubernetes' end-to-end tests on requests as such: timeouts that are none, watches that stand for a list,
// and the status of quotas, namespaces and reviews as their tests since 1.25 ask for it.
// Source: test/e2e/apimachinery/{request_timeout,watchlist,resource_quota,namespace}.go, test/e2e/auth/subjectreviews.go
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const live = await LiveCluster.start({ boards: ['one'] });
t.teardown(() => live.stop());
const { api } = live;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const SECRETS = '/api/v1/namespaces/default/secrets';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

t.test('a timeout that is no duration is refused, any other is taken', async (t) => {
  for (const path of ['/version', '/apis', '/api/v1/namespaces/default/configmaps']) {
    const refused = await api.ask('GET', `${path}?timeout=invalid`);
    t.match(refused, { code: 400, json: { reason: 'BadRequest' } }, path);
    t.ok(refused.json.message.includes('invalid timeout specified in the request URL'));
    for (const timeout of ['3m', '0s', '0', '', '1h2m3.5s', '32s'])
      t.equal((await api.ask('GET', `${path}?timeout=${timeout}`)).code, 200, timeout);
  }
  const lasting = await api.open('GET', `${SECRETS}?watch=1&timeout=invalid`);
  t.equal(lasting.statusCode, 200, 'of what lasts upstream does not ask');
  lasting.destroy();
});

t.test(
  'a watch that begins with all there is gives objects, and no Tables to whom takes nothing else',
  async (t) => {
    const made = await api.ask('POST', SECRETS, {
      body: { metadata: { name: 'listed', labels: { watchlist: 'true' } } },
    });
    t.equal(made.code, 201);
    const watch =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=watchlist%3Dtrue';
    const path = `${SECRETS}?${watch}`;
    t.equal((await api.ask('GET', path, { headers: { accept: TABLE } })).code, 406);
    const stream = await api.open('GET', path, { headers: { accept: `${TABLE},application/json` } });
    let seen = '';
    stream.on('data', (chunk) => {
      seen += chunk;
    });
    await eventually(() => seen.includes('initial-events-end'));
    stream.destroy();
    const [first = '{}'] = seen.split('\n');
    t.match(JSON.parse(first), { type: 'ADDED', object: { kind: 'Secret', metadata: { name: 'listed' } } });
  },
);

t.test('what a stranger writes into the status of a quota is seen, then what is true again', async (t) => {
  const quotas = '/api/v1/namespaces/default/resourcequotas';
  const quota = `${quotas}/e2e-rq-status`;
  const body = { metadata: { name: 'e2e-rq-status' }, spec: { hard: { cpu: '500m', memory: '500Mi' } } };
  const watch = await api.watch(`${quotas}?watch=1`);
  t.teardown(() => watch.stop());
  t.equal((await api.ask('POST', quotas, { body })).code, 201);
  const hard = async () => (await api.ask('GET', `${quota}/status`)).json.status?.hard;
  await eventually(async () => (await hard())?.cpu === '500m');
  const { json } = await api.ask('GET', quota);
  json.status.hard = { cpu: '900m', memory: '1Gi' };
  t.match(await api.ask('PUT', `${quota}/status`, { body: json }), { code: 200 });
  await eventually(() => watch.events.some(({ object }) => object.status?.hard?.cpu === '900m'));
  const patched = await api.ask('PATCH', quota, {
    body: { spec: { hard: { cpu: '1', memory: '1Gi' } } },
    headers: MERGE,
  });
  t.match(patched, { code: 200, json: { spec: { hard: { cpu: '1' } } } });
  await eventually(async () => (await hard())?.cpu === '1');
  const repatch = { spec: { hard: { cpu: '9' } }, status: { hard: { cpu: '7' } } };
  t.match(await api.ask('PATCH', `${quota}/status`, { body: repatch, headers: MERGE }), {
    code: 200,
    json: { spec: { hard: { cpu: '1' } }, status: { hard: { cpu: '7' } } },
  });
});

t.test('a finalizer is put on a namespace and taken off through finalize', async (t) => {
  await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'finalized' } } });
  const path = '/api/v1/namespaces/finalized';
  const write = (change: (finalizers: string[]) => string[]) =>
    eventually(async () => {
      const { json } = await api.ask('GET', path);
      json.spec.finalizers = change(json.spec.finalizers);
      const answer = await api.ask('PUT', `${path}/finalize`, { body: json });
      if (answer.code !== 200) throw new Error(answer.text);
      return answer.json.spec.finalizers;
    });
  const FAKE = 'e2e.example.com/fakeFinalizer';
  t.same(await write((finalizers) => [...finalizers, FAKE]), ['kubernetes', FAKE]);
  t.same(await write((finalizers) => finalizers.filter((name) => name !== FAKE)), ['kubernetes']);
});

t.test('a review of somebody’s rights agrees with what they may do', async (t) => {
  const user = 'system:serviceaccount:default:e2e';
  const resourceAttributes = { verb: 'list', version: 'v1', resource: 'configmaps', namespace: 'default' };
  const groups = ['system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:default'];
  const reviewed = async () => {
    const root = '/apis/authorization.k8s.io/v1';
    const spec = { resourceAttributes, user, groups };
    const wide = await api.ask('POST', `${root}/subjectaccessreviews`, { body: { spec } });
    const local = await api.ask('POST', `${root}/namespaces/default/localsubjectaccessreviews`, {
      body: { metadata: { namespace: 'default' }, spec },
    });
    t.equal(wide.code, 201);
    t.equal(local.code, 201);
    t.equal(local.json.status.allowed, wide.json.status.allowed);
    return wide.json.status.allowed;
  };
  const asThey = async () =>
    (await api.ask('GET', '/api/v1/namespaces/default/configmaps', { headers: { 'impersonate-user': user } }))
      .code;
  t.equal(await reviewed(), false);
  t.equal(await asThey(), 403);
  const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  const subjects = [{ kind: 'ServiceAccount', name: 'e2e', namespace: 'default' }];
  await api.ask('POST', bindings, { body: { metadata: { name: 'e2e' }, roleRef, subjects } });
  await eventually(async () => (await reviewed()) && (await asThey()) === 200);
});
