// RBAC over HTTPS: a matrix of callers, verbs, kinds and namespaces against a model, refusals in upstream's words,
// and that nobody grants more than they hold.
import t from 'tap';
import { loadSchema } from '../../src/api/schema/load-schema.ts';
import { apiVersionOf, type KindDefinition } from '../../src/api/scheme.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { bootstrapRbac } from '../../src/apiserver/auth/bootstrap-rbac.ts';
import { newRegistry } from '../../src/apiserver/registry/new-registry.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createNodeRequest } from '../../src/pki/node-certificate.ts';
import { accountToken, bearing, bind, type Caller, certified, runAccessLoops } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
const loops = await runAccessLoops(api);
t.teardown(async () => {
  await loops.stop();
  await api.stop();
});

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
for (const name of ['a', 'b']) await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name } } });

const reader = {
  metadata: { name: 'config-reader' },
  rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
};
await api.ask('POST', `${RBAC}/clusterroles`, { body: reader });
await bind(api, 'view', { kind: 'User', name: 'vera' }, 'a');
await bind(api, 'edit', { kind: 'Group', name: 'editors' }, 'a');
await bind(api, 'config-reader', { kind: 'ServiceAccount', name: 'robot', namespace: 'a' }, 'a');

const callers: Record<string, Caller> = {
  viewer: await certified(api, 'vera'),
  editor: await certified(api, 'eddy', 'editors'),
  'board with a pod in a': await certified(api, 'system:node:board', 'system:nodes'),
  'board with a pod in b': await certified(api, 'system:node:other', 'system:nodes'),
  'board without its group': await certified(api, 'system:node:board'),
  account: bearing(api, await accountToken(api, 'a', 'robot')),
};

/** On each of two boards a pod `a` that needs a ConfigMap, a Secret, a claim and an account of that name. */
const needy = {
  containers: [{ name: 'main', image: 'x:1', envFrom: [{ configMapRef: { name: 'a' } }] }],
  volumes: [
    { name: 's', secret: { secretName: 'a' } },
    { name: 'c', persistentVolumeClaim: { claimName: 'a' } },
  ],
  serviceAccountName: 'a',
};
const BOARDS: Readonly<Record<string, string>> = { a: 'board', b: 'other' };
for (const [namespace, board] of Object.entries(BOARDS)) {
  const made = async (path: string, body: object) => {
    const { code, text } = await api.ask('POST', path, { body });
    if (code !== 201) throw new Error(text);
  };
  await made('/api/v1/nodes', { metadata: { name: board } });
  await made(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'a' } });
  await made(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name: 'a' }, spec: needy });
  await api.server.client.bind(`${namespace}/a`, board);
}

/** What people may see of a namespace, in upstream's lists. */
const VIEWED = new Set(
  (
    'configmaps endpoints persistentvolumeclaims pods replicationcontrollers serviceaccounts services events ' +
    'limitranges resourcequotas endpointslices.discovery.k8s.io controllerrevisions.apps daemonsets.apps ' +
    'deployments.apps replicasets.apps statefulsets.apps horizontalpodautoscalers.autoscaling cronjobs.batch ' +
    'jobs.batch poddisruptionbudgets.policy ingresses.networking.k8s.io networkpolicies.networking.k8s.io'
  ).split(' '),
);
const ONLY_VIEWED = new Set(
  'endpoints limitranges resourcequotas endpointslices.discovery.k8s.io controllerrevisions.apps'.split(' '),
);
const EDITED = new Set(
  [...VIEWED, 'secrets', 'leases.coordination.k8s.io'].filter((name) => !ONLY_VIEWED.has(name)),
);
const READING = ['get', 'list', 'watch'];

/** The same for a board, from the documentation of the node authorizer; every object asked for is called `a`. */
function boardMay(home: string, verb: string, name: string, namespace: string | undefined): boolean {
  const readsOne = verb === 'get' && namespace === home;
  const changes = verb === 'update' || verb === 'patch';
  if (['services', 'endpoints', 'endpointslices.discovery.k8s.io'].includes(name))
    return READING.includes(verb);
  if (name === 'runtimeclasses.node.k8s.io') return READING.includes(verb);
  if (['secrets', 'configmaps', 'persistentvolumeclaims'].includes(name)) return readsOne;
  if (name === 'pods') return verb === 'create' || readsOne || (verb === 'delete' && namespace === home);
  if (name === 'events' || name === 'events.events.k8s.io') return verb === 'create' || changes;
  return verb === 'create' && ['nodes', 'certificatesigningrequests.certificates.k8s.io'].includes(name);
}

/** The model: written from the documentation of the roles, not from their rules. */
function isAllowed(
  caller: string,
  verb: string,
  kind: KindDefinition,
  namespace: string | undefined,
): boolean {
  const name = kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
  if (caller.startsWith('board with a pod')) return boardMay(caller.at(-1)!, verb, name, namespace);
  const reads = READING.includes(verb);
  // A namespace lies in itself: who may view all in it may get it, but not list the others.
  if (name === 'namespaces') return verb === 'get' && (caller === 'viewer' || caller === 'editor');
  if (namespace !== 'a') return false;
  if (caller === 'viewer') return reads && VIEWED.has(name);
  if (caller === 'editor') return reads ? VIEWED.has(name) || EDITED.has(name) : EDITED.has(name);
  return caller === 'account' && reads && name === 'configmaps';
}

const VERBS: Record<string, (collection: string) => [method: string, path: string]> = {
  get: (collection) => ['GET', `${collection}/a`],
  list: (collection) => ['GET', collection],
  // A revision that is not yet: who passes the gate is answered 410 at once.
  watch: (collection) => ['GET', `${collection}?watch=1&resourceVersion=999999999999`],
  create: (collection) => ['POST', `${collection}?dryRun=All`],
  update: (collection) => ['PUT', `${collection}/a?dryRun=All`],
  patch: (collection) => ['PATCH', `${collection}/a?dryRun=All`],
  delete: (collection) => ['DELETE', `${collection}/a?dryRun=All`],
  deletecollection: (collection) => ['DELETE', `${collection}?dryRun=All&labelSelector=no=such`],
};

/** Whether the request came past the gate; what it met behind it (404, 400, 405) does not count. */
async function passes(caller: Caller, verb: string, collection: string): Promise<boolean> {
  const [method, path] = VERBS[verb]!(collection);
  const headers = {
    'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
  };
  const body = method === 'GET' || method === 'DELETE' ? undefined : {};
  const { code } = await caller(method, path, { headers, ...(body ? { body } : {}) });
  return code !== 403;
}

const collectionOf = (kind: KindDefinition, namespace: string | undefined): string =>
  `/${kind.group ? 'apis' : 'api'}/${apiVersionOf(kind)}/${namespace ? `namespaces/${namespace}/` : ''}${kind.plural}`;

for (const [name, caller] of Object.entries(callers)) {
  t.test(
    `the rights of the ${name} over every kind, verb and namespace are those of the model`,
    async (t) => {
      const wrong: string[] = [];
      let asked = 0;
      for (const kind of allKinds) {
        const places = kind.namespaced ? ['a', 'b', undefined] : [undefined];
        for (const namespace of places) {
          for (const verb of Object.keys(VERBS)) {
            // Without a namespace only whole collections of a namespaced kind can be named.
            if (kind.namespaced && !namespace && !['list', 'watch', 'deletecollection'].includes(verb))
              continue;
            const expected = isAllowed(name, verb, kind, namespace);
            const actual = await passes(caller, verb, collectionOf(kind, namespace));
            asked += 1;
            if (actual !== expected) {
              wrong.push(`${verb} ${kind.plural}.${kind.group} in ${namespace}: ${actual}, not ${expected}`);
            }
          }
        }
      }
      t.same(wrong, []);
      t.ok(asked > 300, `${asked} requests`);
    },
  );
}

t.test('reviews say what the requests themselves meet', async (t) => {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const wrong: string[] = [];
  for (const kind of allKinds.filter(({ namespaced }) => namespaced)) {
    for (const verb of Object.keys(VERBS)) {
      for (const namespace of ['a', 'b']) {
        const { group, plural: resource } = kind;
        const spec = { resourceAttributes: { verb, group, resource, namespace } };
        const { code, json } = await callers.editor!('POST', path, { body: { spec } });
        const expected = isAllowed('editor', verb, kind, namespace);
        if (code !== 201 || json.status.allowed !== expected)
          wrong.push(`${verb} ${resource} in ${namespace}`);
      }
    }
  }
  t.same(wrong, []);
});

t.test('refusals read as upstream writes them', async (t) => {
  const viewer = callers.viewer!;
  const message = async (method: string, path: string) => (await viewer(method, path)).json.message;
  t.equal(
    await message('GET', '/api/v1/namespaces/b/pods'),
    'pods is forbidden: User "vera" cannot list resource "pods" in API group "" in the namespace "b"',
  );
  t.equal(
    await message('DELETE', '/apis/apps/v1/namespaces/a/deployments/web'),
    'deployments.apps "web" is forbidden: User "vera" cannot delete resource "deployments" in API group "apps" in the namespace "a"',
  );
  t.equal(
    await message('GET', '/api/v1/nodes'),
    'nodes is forbidden: User "vera" cannot list resource "nodes" in API group "" at the cluster scope',
  );
  t.equal(
    await message('GET', '/api/v1/namespaces/b/pods/x/log'),
    'pods "x" is forbidden: User "vera" cannot get resource "pods/log" in API group "" in the namespace "b"',
  );
  t.equal(await message('GET', '/metrics'), 'forbidden: User "vera" cannot get path "/metrics"');
  const { json } = await viewer('GET', '/api/v1/namespaces/b/pods');
  t.match(json, {
    kind: 'Status',
    status: 'Failure',
    reason: 'Forbidden',
    code: 403,
    details: { kind: 'pods' },
  });
});

t.test('running a command in a pod takes the right to create it, also over a WebSocket', async (t) => {
  const rules = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }];
  await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'exec-getter' }, rules } });
  await bind(api, 'exec-getter', { kind: 'User', name: 'gert' }, 'a');
  const gert = await certified(api, 'gert');
  t.equal((await gert('GET', '/api/v1/namespaces/a/pods/x/exec?command=sh')).code, 403);
  t.not((await callers.editor!('GET', '/api/v1/namespaces/a/pods/x/exec?command=sh')).code, 403);
});

t.test('a role bound a moment ago holds, and no longer than its binding', async (t) => {
  const lena = await certified(api, 'lena');
  t.equal((await lena('GET', '/api/v1/namespaces/b/configmaps')).code, 403);
  await bind(api, 'config-reader', { kind: 'User', name: 'lena' }, 'b');
  t.equal((await lena('GET', '/api/v1/namespaces/b/configmaps')).code, 200);
  await api.ask('DELETE', `${RBAC}/namespaces/b/rolebindings/config-reader-lena`);
  t.equal((await lena('GET', '/api/v1/namespaces/b/configmaps')).code, 403);
});

t.test('nobody grants more than they hold', async (t) => {
  await bind(api, 'admin', { kind: 'User', name: 'anna' }, 'a');
  const anna = await certified(api, 'anna');
  const roles = `${RBAC}/namespaces/a/roles`;
  const role = (name: string, resource: string) => ({
    metadata: { name },
    rules: [{ apiGroups: [''], resources: [resource], verbs: ['create'] }],
  });
  t.equal((await anna('POST', roles, { body: role('mine', 'pods') })).code, 201);
  const refused = await anna('POST', roles, { body: role('more', 'nodes') });
  t.equal(refused.code, 403);
  t.match(refused.json.message, /attempting to grant RBAC permissions not currently held/);
  t.match(refused.json.message, /\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["create"\]\}/);

  const merge = { 'content-type': 'application/merge-patch+json' };
  const wider = { rules: role('mine', 'nodes').rules };
  t.equal((await anna('PATCH', `${roles}/mine`, { body: wider, headers: merge })).code, 403);
  const label = { metadata: { labels: { team: 'a' } } };
  t.equal((await anna('PATCH', `${roles}/mine`, { body: label, headers: merge })).code, 200);
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const applied = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', ...role('more', 'nodes') };
  const path = `${roles}/more?fieldManager=test`;
  t.equal((await anna('PATCH', path, { body: applied, headers: apply })).code, 403, 'by apply');

  const bindings = `${RBAC}/namespaces/a/rolebindings`;
  const binding = (name: string) => ({
    metadata: { name: `to-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', name: 'anna', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  t.equal((await anna('POST', bindings, { body: binding('view') })).code, 201);
  t.equal((await anna('POST', bindings, { body: binding('cluster-admin') })).code, 403);
  t.match(await anna('POST', bindings, { body: binding('no-such') }), {
    code: 403,
    json: { message: /not found/ },
  });
});

t.test('who may only patch makes nothing new by apply', async (t) => {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }];
  await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'patcher' }, rules } });
  await bind(api, 'patcher', { kind: 'User', name: 'pia' }, 'a');
  const pia = await certified(api, 'pia');
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' }, data: { a: 'b' } };
  const answer = await pia('PATCH', '/api/v1/namespaces/a/configmaps/new?fieldManager=t', { body, headers });
  t.equal(answer.code, 403);
  t.match(answer.json.message, /cannot create resource "configmaps"/);
});

t.test('the rules of a new role reach the roles that take it in', async (t) => {
  const rules = [{ apiGroups: ['example.com'], resources: ['cameras'], verbs: ['get'] }];
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'cameras', labels }, rules } });
  const spec = {
    resourceAttributes: { verb: 'get', group: 'example.com', resource: 'cameras', namespace: 'a' },
  };
  const review = async () =>
    (
      await callers.viewer!('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body: { spec },
      })
    ).json.status.allowed;
  await eventually(async () => {
    if (!(await review())) throw new Error('the viewer may not see cameras yet');
  });
  t.ok(await review());
});

t.test('approving a certificate request takes the right for its signer too', async (t) => {
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const { requestPem } = await createNodeRequest('b');
  const spec = {
    request: Buffer.from(requestPem).toString('base64'),
    signerName: 'example.com/client',
    usages: ['client auth'],
  };
  t.equal((await api.ask('POST', requests, { body: { metadata: { name: 'c' }, spec } })).code, 201);
  const role = (name: string, resource: string, verbs: string[]) => ({
    metadata: { name },
    rules: [{ apiGroups: ['certificates.k8s.io'], resources: [resource], verbs }],
  });
  const writer = role('csr-writer', 'certificatesigningrequests/approval', ['update', 'patch']);
  await api.ask('POST', `${RBAC}/clusterroles`, { body: writer });
  await api.ask('POST', `${RBAC}/clusterroles`, { body: role('approver', 'signers', ['approve']) });
  await bind(api, 'csr-writer', { kind: 'User', name: 'carl' });
  const carl = await certified(api, 'carl');
  const headers = { 'content-type': 'application/merge-patch+json' };
  const body = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] } };
  const approve = () => carl('PATCH', `${requests}/c/approval`, { body, headers });
  const refused = await approve();
  t.match(refused, { code: 403, json: { message: /not permitted to approve requests with signerName/ } });
  await bind(api, 'approver', { kind: 'User', name: 'carl' });
  t.equal((await approve()).code, 200);
});

t.test('a start that finds everything as it should be writes nothing', async (t) => {
  const before = api.store.revision;
  const { registry } = newRegistry({
    store: api.store,
    clock: systemClock,
    logger: silentLogger,
    network: defaultClusterNetwork,
    newUid: () => 'u',
    random: Math.random,
    schema: async () => loadSchema(),
  });
  await bootstrapRbac(registry);
  t.equal(api.store.revision, before);
});

t.test("the administrator's right is a binding: who deletes it takes the right", async (t) => {
  const admin = await certified(api, 'admin', 'edge-cluster:cluster-admins');
  t.equal((await admin('GET', '/api/v1/secrets')).code, 200);
  const path = `${RBAC}/clusterrolebindings/edge-cluster:cluster-admins`;
  t.equal((await api.ask('DELETE', path)).code, 200);
  t.equal((await admin('GET', '/api/v1/secrets')).code, 403);
});
