// Two boards over HTTPS with their certificates: each reads and reports itself and its own pods, neither the other's.
import t from 'tap';
import { accountToken, type Caller, certified } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const MERGE = { 'content-type': 'application/merge-patch+json' };
const PODS = '/api/v1/namespaces/default/pods';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const NAMES = ['one', 'two'] as const;
const boards: Record<string, Caller> = {};
const uids: Record<string, string> = {};

for (const name of NAMES) {
  boards[name] = await certified(api, `system:node:${name}`, 'system:nodes');
  const joined = await boards[name]('POST', '/api/v1/nodes', { body: { metadata: { name } } });
  if (joined.code !== 201) throw new Error(joined.text);
  await api.ask('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name } } });
  await accountToken(api, 'default', name);
  const spec = {
    containers: [{ name: 'main', image: 'x:1', envFrom: [{ secretRef: { name } }] }],
    serviceAccountName: name,
  };
  const { code, json, text } = await api.ask('POST', PODS, { body: { metadata: { name }, spec } });
  if (code !== 201) throw new Error(text);
  uids[name] = json.metadata.uid;
  await api.server.client.bind(`default/${name}`, name);
}
const one = boards.one!;

t.test('a board reads its own Node and pods, and a refusal names what it may not', async (t) => {
  t.equal((await one('GET', '/api/v1/nodes/one')).code, 200);
  const refused = await one('GET', '/api/v1/nodes/two');
  t.equal(
    refused.json.message,
    'nodes "two" is forbidden: User "system:node:one" cannot get resource "nodes" in API group "" at the cluster scope',
  );
  const mine = await one('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Done');
  t.same(
    mine.json.items.map((pod: { metadata: { name: string } }) => pod.metadata.name),
    ['one'],
  );
  for (const selector of ['', '?fieldSelector=spec.nodeName%3Dtwo']) {
    t.equal((await one('GET', `/api/v1/pods${selector}`)).code, 403, selector);
  }
  t.equal((await one('GET', `${PODS}/one`)).code, 200);
  t.equal((await one('GET', `${PODS}/two`)).code, 403);
});

t.test('a board reports its own status and no label that draws pods', async (t) => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const patch = (path: string, body: object) => one('PATCH', path, { body, headers: MERGE });
  t.equal((await patch('/api/v1/nodes/one/status', { status })).code, 200);
  t.equal((await patch('/api/v1/nodes/two/status', { status })).code, 403);
  t.equal((await patch('/api/v1/nodes/one', { metadata: { labels: { 'example.com/a': 'b' } } })).code, 200);
  const label = { metadata: { labels: { 'node-restriction.kubernetes.io/tier': 'gold' } } };
  for (const path of ['/api/v1/nodes/one', '/api/v1/nodes/one/status']) {
    const refused = await patch(path, label);
    t.equal(refused.code, 403, path);
    t.match(refused.json.message, 'is not allowed to modify labels: node-restriction.kubernetes.io/tier');
  }
  t.equal((await patch('/api/v1/nodes/one', { spec: { unschedulable: true } })).code, 200);
  const taints = [{ key: 'a', effect: 'NoSchedule' }];
  t.equal((await patch('/api/v1/nodes/one', { spec: { taints } })).code, 403);
  t.equal((await patch(`${PODS}/one/status`, { status: { phase: 'Running' } })).code, 200);
  t.equal((await patch(`${PODS}/two/status`, { status: { phase: 'Running' } })).code, 403);
  t.equal((await one('POST', '/api/v1/nodes', { body: { metadata: { name: 'three' } } })).code, 403);
});

t.test('a board reads a Secret for as long as a pod of its own needs it', async (t) => {
  const secret = '/api/v1/namespaces/default/secrets';
  t.equal((await one('GET', `${secret}/one`)).code, 200);
  t.equal((await one('GET', `${secret}?fieldSelector=metadata.name%3Done`)).code, 200);
  t.equal((await one('GET', `${secret}/two`)).code, 403);
  t.equal((await one('GET', secret)).code, 403);
  const mine = { metadata: { name: 'late' }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
  await api.ask('POST', PODS, { body: mine });
  await api.ask('POST', secret, { body: { metadata: { name: 'late' } } });
  t.equal((await one('GET', `${secret}/late`)).code, 403);
});

t.test('a board gets tokens that are bound to its own pods', async (t) => {
  const token = async (account: string, boundObjectRef?: object) => {
    const body = { spec: boundObjectRef ? { boundObjectRef } : {} };
    return one('POST', `/api/v1/namespaces/default/serviceaccounts/${account}/token`, { body });
  };
  const pod = (name: string) => ({ kind: 'Pod', apiVersion: 'v1', name, uid: uids[name] });
  t.equal((await token('one', pod('one'))).code, 201);
  t.match(await token('one'), { code: 403, json: { message: /token not bound to a pod/ } });
  const { uid: _uid, ...anyOfThatName } = pod('one');
  t.match(await token('one', anyOfThatName), { code: 403, json: { message: /without a uid/ } });
  t.equal((await token('two', pod('two'))).code, 403);
});

t.test('a board keeps its own lease', async (t) => {
  const lease = (name: string) => ({ metadata: { name }, spec: { holderIdentity: name } });
  t.equal((await one('POST', LEASES, { body: lease('one') })).code, 201);
  t.equal((await one('POST', LEASES, { body: lease('two') })).code, 403);
  t.equal((await one('GET', `${LEASES}/one`)).code, 200);
  const renewed = { spec: { leaseDurationSeconds: 40 } };
  t.equal((await one('PATCH', `${LEASES}/one`, { body: renewed, headers: MERGE })).code, 200);
  t.equal((await one('DELETE', `${LEASES}/two`)).code, 403);
});

t.test('a board makes mirror pods only, and deletes only what runs on it', async (t) => {
  const spec = { containers: [{ name: 'c', image: 'x:1' }], nodeName: 'one' };
  const annotations = { 'kubernetes.io/config.mirror': 'hash' };
  t.equal((await one('POST', PODS, { body: { metadata: { name: 'plain' }, spec } })).code, 403);
  const metadata = { name: 'mirror', annotations };
  t.equal((await one('POST', PODS, { body: { metadata, spec } })).code, 201);
  const foreign = { metadata: { name: 'far', annotations }, spec: { ...spec, nodeName: 'two' } };
  t.equal((await one('POST', PODS, { body: foreign })).code, 403);
  t.equal((await one('DELETE', `${PODS}/two`)).code, 403);
  t.equal((await one('DELETE', `${PODS}/mirror`, { body: { gracePeriodSeconds: 0 } })).code, 200);
  const eviction = (name: string) => ({
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } },
  });
  t.equal((await one('POST', `${PODS}/two/eviction`, eviction('two'))).code, 403);
  t.equal((await one('POST', `${PODS}/one/eviction`, eviction('one'))).code, 201);
});

t.test('reviews say of a board what its requests meet', async (t) => {
  const review = async (user: string, resourceAttributes: object) => {
    const spec = { user, groups: ['system:nodes'], resourceAttributes };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await api.ask('POST', path, { body: { spec } })).json.status.allowed;
  };
  const secret = { verb: 'get', resource: 'secrets', namespace: 'default', name: 'two' };
  t.equal(await review('system:node:two', secret), true);
  t.equal(await review('system:node:one', secret), false);
});
