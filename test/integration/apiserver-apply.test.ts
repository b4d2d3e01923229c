// Server-side apply over HTTPS: ownership, conflicts, transfer, removal by omission, and what others' writes do.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { customKind, DEFINITIONS } from '../support/custom-kind.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

const clock = new FakeClock();
const api = await startApiServer({ clock });
t.teardown(() => api.stop());

const RC = '/api/v1/namespaces/default/replicationcontrollers';
const type = 'application/apply-patch+yaml';

function apply(path: string, body: unknown, manager: string, query = '') {
  const url = `${path}?fieldManager=${manager}${query}`;
  return api.ask('PATCH', url, { body, headers: { 'content-type': type } });
}

const rc = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name, ...metadata },
  spec: { selector: { app: 'web' }, ...spec },
});

const template = (containers: object[]) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers },
});

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
}
interface Applied {
  metadata: { managedFields?: Entry[] };
}
const entriesOf = (json: Applied): Entry[] => json.metadata.managedFields ?? [];
const managersOf = (json: Applied) =>
  entriesOf(json).map((e) => `${e.manager} ${e.operation}${e.subresource ? ` ${e.subresource}` : ''}`);

const web = (image: string, more: object = {}) => ({ name: 'web', image, ...more });

t.test('an apply creates what is not there, and owns just what it says', async (t) => {
  const config = rc('one', { replicas: 2, template: template([web('web:1')]) }, { labels: { a: 'b' } });
  const created = await apply(`${RC}/one`, config, 'alice');
  t.equal(created.code, 201);
  t.equal(created.json.spec.template.spec.containers[0].imagePullPolicy, 'IfNotPresent');
  t.same(entriesOf(created.json), [
    {
      manager: 'alice',
      operation: 'Apply',
      apiVersion: 'v1',
      time: created.json.metadata.creationTimestamp,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { 'f:a': {} } },
        'f:spec': {
          'f:replicas': {},
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
          },
        },
      },
    },
  ]);
});

t.test('the same apply again changes nothing and draws no revision', async (t) => {
  const config = rc('one', { replicas: 2, template: template([web('web:1')]) }, { labels: { a: 'b' } });
  const before = await api.ask('GET', `${RC}/one`);
  await clock.advance(5000);
  const again = await apply(`${RC}/one`, config, 'alice');
  t.equal(again.code, 200);
  t.same(again.json, before.json);
});

t.test('what another manager owns is a conflict that names the field', async (t) => {
  const refused = await apply(`${RC}/one`, rc('one', { replicas: 5 }), 'bob');
  t.match(refused, {
    code: 409,
    json: {
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.spec.replicas' },
        ],
      },
    },
  });
  const forced = await apply(`${RC}/one`, rc('one', { replicas: 5 }), 'bob', '&force=true');
  t.equal(forced.json.spec.replicas, 5);
  t.same(managersOf(forced.json), ['alice Apply', 'bob Apply']);
  t.notOk(JSON.stringify(entriesOf(forced.json)[0]).includes('f:replicas'), 'taken from alice');
});

t.test('the same value is shared, and stays until the last owner lets go', async (t) => {
  const shared = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shared' }, data: { a: '1' } };
  const path = '/api/v1/namespaces/default/configmaps/shared';
  await apply(path, { ...shared, data: { a: '1', b: '2' } }, 'alice');
  t.equal((await apply(path, shared, 'bob')).code, 200);
  const less = await apply(path, { ...shared, data: {} }, 'alice');
  t.same(less.json.data, { a: '1' }, "b was alice's alone");
  const { data: _data, ...none } = shared;
  const gone = await apply(path, none, 'bob');
  t.notOk(gone.json.data?.a);
});

t.test('list items are owned one by one', async (t) => {
  const path = `${RC}/list`;
  await apply(path, rc('list', { template: template([web('web:1')]) }), 'alice');
  const side = rc('list', { template: template([{ name: 'side', image: 'side:1' }]) });
  const both = await apply(path, side, 'bob');
  const names = (json: typeof both.json) =>
    json.spec.template.spec.containers.map((c: { name: string }) => c.name);
  t.same(names(both.json), ['web', 'side']);
  const ports = [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }];
  const withPorts = rc('list', { template: template([web('web:1', { ports })]) });
  const ported = await apply(path, withPorts, 'alice');
  t.match(JSON.stringify(entriesOf(ported.json)[0]), /k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}/);
  const left = await apply(path, rc('list', {}), 'bob');
  t.same(names(left.json), ['web']);
  const one = await apply(path, rc('list', { template: template([web('web:1')]) }), 'alice');
  t.notOk(one.json.spec.template.spec.containers[0].ports);
});

t.test('an atomic field changes hands as a whole', async (t) => {
  const path = `${RC}/atomic`;
  const pods = (tolerations: object[]) => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [web('web:1')], tolerations },
  });
  await apply(path, rc('atomic', { template: pods([{ key: 'a', operator: 'Exists' }]) }), 'alice');
  const other = rc('atomic', { template: pods([{ key: 'b', operator: 'Exists' }]) });
  const refused = await apply(path, other, 'bob');
  t.match(refused.json.details.causes, [{ field: '.spec.template.spec.tolerations' }]);
  const forced = await apply(path, other, 'bob', '&force=true');
  t.same(forced.json.spec.template.spec.tolerations, [{ key: 'b', operator: 'Exists' }]);
});

t.test("updates are owned by who made them, under their name or their program's", async (t) => {
  const path = '/api/v1/namespaces/default/configmaps';
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'updated' }, data: { a: '1' } };
  const headers = { 'user-agent': 'kubectl/v1.32.0 (linux/amd64)' };
  const created = await api.ask('POST', path, { body, headers });
  t.match(entriesOf(created.json), [
    { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } },
  ]);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const changed = await api.ask('PATCH', `${path}/updated?fieldManager=editor`, {
    body: { data: { a: '2', b: '3' } },
    headers: merge,
  });
  t.match(entriesOf(changed.json), [
    { manager: 'editor', fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } },
    { manager: 'kubectl', fieldsV1: { 'f:data': {} } },
  ]);
  const conflict = await apply(`${path}/updated`, { ...body, data: { a: '9' } }, 'alice');
  t.match(conflict.json.message, /conflict with "editor" using v1 at .*: \.data\.a/);
  const put = await api.ask('PUT', `${path}/updated?fieldManager=editor`, { body: changed.json });
  t.equal(put.json.metadata.resourceVersion, changed.json.metadata.resourceVersion, 'nothing changed');
});

t.test('status and scale are owned under their subresource', async (t) => {
  const path = `${RC}/sub`;
  await apply(path, rc('sub', { replicas: 1, template: template([web('web:1')]) }), 'alice');
  const status = { ...rc('sub', {}), spec: undefined, status: { replicas: 1, observedGeneration: 1 } };
  const written = await apply(`${path}/status`, status, 'counter');
  t.equal(written.json.status.replicas, 1);
  t.same(managersOf(written.json), ['alice Apply', 'counter Apply status']);
  const scaled = await api.ask('PATCH', `${path}/scale?fieldManager=hpa`, {
    body: { spec: { replicas: 4 } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  t.equal(scaled.code, 200);
  const now = await api.ask('GET', path);
  t.same(managersOf(now.json), ['alice Apply', 'counter Apply status', 'hpa Update scale']);
  const scale = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'sub' },
    spec: { replicas: 6 },
  };
  t.match(await apply(`${path}/scale`, scale, 'human'), { code: 409 });
  const taken = await apply(`${path}/scale`, scale, 'human', '&force=true');
  t.match(taken, { code: 200, json: { kind: 'Scale', spec: { replicas: 6 } } });
  t.same(managersOf((await api.ask('GET', path)).json), [
    'alice Apply',
    'counter Apply status',
    'human Apply scale',
  ]);
  const kept = await apply(path, rc('sub', { template: template([web('web:1')]) }), 'alice');
  t.equal(kept.json.spec.replicas, 6, "what alice lets go is another's by now");
});

t.test(
  'ephemeral containers are applied to a pod through their subresource, and nothing else is',
  async (t) => {
    const path = '/api/v1/namespaces/default/pods/debugged';
    const head = { apiVersion: 'v1', kind: 'Pod' };
    const pod = { ...head, metadata: { name: 'debugged' }, spec: { containers: [web('web:1')] } };
    t.equal((await apply(path, pod, 'alice')).code, 201);
    const debug = (name: string, image: string) => ({
      ...head,
      metadata: { name: 'debugged', labels: { not: 'here' } },
      spec: { containers: [web('web:2')], ephemeralContainers: [{ name, image }] },
    });
    const added = await apply(`${path}/ephemeralcontainers`, debug('eye', 'busybox:1'), 'doctor');
    t.match(added, {
      code: 200,
      json: { spec: { containers: [{ image: 'web:1' }], ephemeralContainers: [{ name: 'eye' }] } },
    });
    t.equal(added.json.metadata.labels, undefined);
    t.same(managersOf(added.json), ['alice Apply', 'doctor Apply ephemeralcontainers']);
    t.same(entriesOf(added.json)[1]?.fieldsV1, {
      'f:spec': { 'f:ephemeralContainers': { 'k:{"name":"eye"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
    });
    const again = await apply(`${path}/ephemeralcontainers`, debug('eye', 'busybox:1'), 'doctor');
    t.equal(again.json.metadata.resourceVersion, added.json.metadata.resourceVersion, 'nothing changed');
    const other = await apply(`${path}/ephemeralcontainers`, debug('eye', 'busybox:2'), 'nurse');
    t.match(other, { code: 409, json: { details: { causes: [{ reason: 'FieldManagerConflict' }] } } });
    const replaced = await apply(`${path}/ephemeralcontainers`, debug('ear', 'busybox:1'), 'doctor');
    t.match(replaced, { code: 422, json: { reason: 'Invalid' } }, 'none is ever taken away');
    t.equal(
      (await apply('/api/v1/namespaces/default/pods/none/ephemeralcontainers', debug('a', 'b'), 'x')).code,
      400,
    );
    const none = { ...debug('a', 'b'), metadata: { name: 'none' } };
    t.equal((await apply('/api/v1/namespaces/default/pods/none/ephemeralcontainers', none, 'x')).code, 404);
  },
);

t.test('an object that nobody recorded belongs to whoever was before the first apply', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps/cleared';
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cleared' }, data: { a: '1' } };
  await apply(path, config, 'alice');
  const cleared = await api.ask('PATCH', path, {
    body: { metadata: { managedFields: [{}] } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  t.same(entriesOf(cleared.json), []);
  const applied = await apply(path, { ...config, data: { b: '2' } }, 'bob');
  t.same(managersOf(applied.json), ['bob Apply', 'before-first-apply Update']);
  t.same(applied.json.data, { a: '1', b: '2' });
});

t.test('a custom kind is applied by what its schema says of its lists and maps', async (t) => {
  const text = { type: 'string' };
  const properties = {
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: text, size: text } },
    },
    plain: { type: 'array', items: text },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
  };
  const schema = { type: 'object', properties: { spec: { type: 'object', properties } } };
  const body = customKind('example.com', 'Widget', schema);
  t.equal((await api.ask('POST', DEFINITIONS, { body })).code, 201);
  const path = '/apis/example.com/v1/namespaces/default/widgets/w';
  const widget = (spec: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec,
  });
  const first = widget({ parts: [{ name: 'a', size: 'S' }], plain: ['x'], tags: ['one'] });
  await eventually(async () => (await apply(path, first, 'alice')).code === 201);
  const second = await apply(path, widget({ parts: [{ name: 'b' }], tags: ['two'] }), 'bob');
  t.same(second.json.spec.parts, [{ name: 'a', size: 'S' }, { name: 'b' }]);
  t.same(second.json.spec.tags, ['one', 'two']);
  const plain = await apply(path, widget({ plain: ['y'] }), 'bob');
  t.match(plain.json.details.causes, [{ field: '.spec.plain' }]);
  const left = await apply(path, widget({ tags: ['two'] }), 'bob');
  t.same(left.json.spec.parts, [{ name: 'a', size: 'S' }]);
});

t.test('an older version that is an alias is applied and answered in its own name', async (t) => {
  const path = '/apis/batch/v1beta1/namespaces/default/cronjobs/nightly';
  const pod = { spec: { restartPolicy: 'Never', containers: [web('web:1')] } };
  const config = {
    apiVersion: 'batch/v1beta1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: pod } } },
  };
  const created = await apply(path, config, 'alice');
  t.match(created, { code: 201, json: { apiVersion: 'batch/v1beta1' } });
  const refused = await apply(path, { ...config, spec: { schedule: '0 4 * * *' } }, 'bob');
  t.match(refused, { code: 409, json: { details: { causes: [{ field: '.spec.schedule' }] } } });
});

t.test('requests that apply wrongly are refused with what is wrong', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps/wrong';
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wrong' } };
  const headers = { 'content-type': type };
  const unnamed = await api.ask('PATCH', path, { body: config, headers });
  t.match(unnamed, {
    code: 422,
    json: { message: /fieldManager: Required value: is required for apply patch/ },
  });
  const managedFields = [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }];
  const managed = await apply(path, { ...config, metadata: { name: 'wrong', managedFields } }, 'a');
  t.match(managed, { code: 400, json: { message: 'metadata.managedFields must be nil' } });
  const forced = await api.ask('PATCH', `${path}?force=true`, {
    body: {},
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  t.match(forced, {
    code: 422,
    json: { message: /force: Forbidden: may not be specified for non-apply patch/ },
  });
  const nameless = await apply(`${RC}/wrong`, rc('wrong', { template: template([{ image: 'x' }]) }), 'a');
  t.match(nameless.json, { code: 400, message: /omits key field "name"/ });
  t.equal((await apply(path, 'not: [yaml', 'a')).code, 400);
  t.equal((await apply(`${RC}/none/scale`, { apiVersion: 'autoscaling/v1', kind: 'Scale' }, 'a')).code, 404);
  t.equal((await apply(`${RC}/none/status`, rc('none', {}), 'a')).code, 404);
});

t.test('YAML is applied, dry runs store nothing', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps/yaml';
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: b}\n';
  t.equal((await apply(path, text, 'alice', '&dryRun=All')).code, 201);
  t.equal((await api.ask('GET', path)).code, 404);
  t.equal((await apply(path, text, 'alice')).code, 201);
  t.same((await api.ask('GET', path)).json.data, { a: 'b' });
});

t.test('the oldest of many who updated become one', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps';
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'many' }, data: { a: '1' } };
  await api.ask('POST', `${path}?fieldManager=m0`, { body });
  for (let i = 1; i <= 14; i++) {
    await clock.advance(1000);
    await api.ask('PATCH', `${path}/many?fieldManager=m${i}`, {
      body: { data: { [`k${i}`]: 'x' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
  }
  const { json } = await api.ask('GET', `${path}/many`);
  t.equal(entriesOf(json).length, 10);
  t.equal(entriesOf(json)[0]?.manager, 'ancient-changes');
});
