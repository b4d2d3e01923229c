// CustomResourceDefinitions over HTTPS: a kind is served the moment its definition is, and goes with it.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { DEFINITIONS } from '../support/custom-kind.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const merge = { 'content-type': 'application/merge-patch+json' };

const schema = (properties: object = {}) => ({
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1 },
          color: { type: 'string', default: 'red' },
          replicas: { type: 'integer', default: 1 },
          ...properties,
        },
      },
      status: {
        type: 'object',
        properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
      },
    },
  },
});

const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: true,
  schema: schema(),
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  additionalPrinterColumns: [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
    { name: 'Replicas', type: 'integer', jsonPath: '.status.replicas' },
  ],
  ...more,
});

const definition = (plural: string, kind: string, more: { spec?: object; names?: object } = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural, kind, ...more.names },
    versions: [version('v1')],
    ...more.spec,
  },
});

const define = async (...args: Parameters<typeof definition>) => {
  const answer = await api.ask('POST', DEFINITIONS, { body: definition(...args) });
  if (answer.code !== 201) throw new Error(answer.text);
  return answer.json;
};

const collection = (plural: string, v = 'v1') => `/apis/example.com/${v}/namespaces/default/${plural}`;
const object = (kind: string, name: string, spec: object, v = 'v1') => ({
  apiVersion: `example.com/${v}`,
  kind,
  metadata: { name },
  spec,
});

t.test('a definition is established with its creation and its kind can be used at once', async (t) => {
  const created = await define('widgets', 'Widget', { names: { shortNames: ['wd'], categories: ['all'] } });
  t.match(created, {
    spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
    status: {
      storedVersions: ['v1'],
      acceptedNames: { plural: 'widgets' },
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
    },
  });
  const watch = await api.watch(`${collection('widgets')}?watch=1`);
  t.teardown(() => watch.stop());
  const answer = await api.ask('POST', collection('widgets'), {
    body: object('Widget', 'a', { size: 3, extra: 1 }),
  });
  t.match(answer, {
    code: 201,
    json: { spec: { size: 3, color: 'red', replicas: 1 }, metadata: { generation: 1 } },
  });
  t.notOk(answer.json.spec.extra);
  t.match(answer.headers.warning, /unknown field .*spec\.extra/);
  await eventually(() => watch.events.length > 0);
  t.match(watch.events, [{ type: 'ADDED', object: { kind: 'Widget', spec: { size: 3 } } }]);
});

t.test('discovery and OpenAPI tell of it', async (t) => {
  const { json: list } = await api.ask('GET', '/apis/example.com/v1');
  t.match(list.resources, [
    { name: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'], namespaced: true },
    { name: 'widgets/status' },
    { name: 'widgets/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' },
  ]);
  const { json: groups } = await api.ask('GET', '/apis');
  t.ok(groups.groups.some(({ name }: { name: string }) => name === 'example.com'));
  const { json: openApi } = await api.ask('GET', '/openapi/v3/apis/example.com/v1');
  t.match(openApi.components.schemas['com.example.v1.Widget'], {
    properties: { spec: { properties: { size: { type: 'integer', minimum: 1 } } } },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
  });
});

t.test('its objects are held against the schema', async (t) => {
  const bad = await api.ask('POST', collection('widgets'), { body: object('Widget', 'bad', { size: 'x' }) });
  t.match(bad, {
    code: 422,
    json: {
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueTypeInvalid', field: 'spec.size' }] },
    },
  });
  const strict = `${collection('widgets')}?fieldValidation=Strict`;
  const unknown = await api.ask('POST', strict, { body: object('Widget', 'bad', { size: 1, x: 1 }) });
  t.match(unknown, { code: 400, json: { message: /strict decoding error: unknown field "spec.x"/ } });
  const other = await api.ask('POST', collection('widgets'), { body: object('Gadget', 'bad', { size: 1 }) });
  t.equal(other.code, 400);
  const patched = await api.ask('PATCH', `${collection('widgets')}/a`, {
    body: { spec: { size: 0 } },
    headers: merge,
  });
  t.match(patched, { code: 422 });
});

t.test('a Table shows the printer columns, and nothing where there is nothing', async (t) => {
  const { json } = await api.ask('GET', collection('widgets'), { headers: TABLE });
  t.match(json.columnDefinitions, [{ name: 'Name' }, { name: 'Size', type: 'integer' }, { priority: 1 }, {}]);
  t.strictSame(json.rows[0].cells, ['a', 3, 'red', null]);
});

t.test('status and scale are subresources of their own', async (t) => {
  const path = `${collection('widgets')}/a`;
  const body = { spec: { size: 9 }, status: { replicas: 4, selector: 'app=a' } };
  const status = await api.ask('PATCH', `${path}/status`, { body, headers: merge });
  t.match(status.json, { spec: { size: 3 }, status: { replicas: 4 }, metadata: { generation: 1 } });
  const main = await api.ask('PATCH', path, {
    body: { spec: { size: 5 }, status: { replicas: 9 } },
    headers: merge,
  });
  t.match(main.json, { spec: { size: 5 }, status: { replicas: 4 }, metadata: { generation: 2 } });
  const scaled = await api.ask('PATCH', `${path}/scale`, { body: { spec: { replicas: 7 } }, headers: merge });
  t.match(scaled.json, { kind: 'Scale', spec: { replicas: 7 }, status: { replicas: 4, selector: 'app=a' } });
  t.match((await api.ask('GET', path)).json, { spec: { replicas: 7 } });
});

t.test('an applied object owns what was applied, not what was defaulted', async (t) => {
  const path = `${collection('widgets')}/applied?fieldManager=one`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const first = await api.ask('PATCH', path, {
    body: JSON.stringify(object('Widget', 'applied', { size: 1 })),
    headers,
  });
  t.match(first, { code: 201, json: { spec: { color: 'red' } } });
  t.strictSame(first.json.metadata.managedFields[0].fieldsV1, { 'f:spec': { 'f:size': {} } });
  const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
  const refused = await api.ask('PATCH', path, { body: { spec: { size: 2 } }, headers: strategic });
  t.notMatch(refused.json.message, /strategic/, 'what it takes is named, and no more');
  t.equal(refused.code, 415);
});

t.test(
  'several versions show one object, the storage version may change, and none that holds objects may go',
  async (t) => {
    const versions = [version('v1beta1', { storage: true }), version('v1', { storage: false })];
    await define('gadgets', 'Gadget', { spec: { versions } });
    await api.ask('POST', collection('gadgets', 'v1beta1'), {
      body: object('Gadget', 'a', { size: 1 }, 'v1beta1'),
    });
    const { json } = await api.ask('GET', `${collection('gadgets')}/a`);
    t.match(json, { apiVersion: 'example.com/v1', spec: { size: 1 } });
    const { json: beta } = await api.ask('GET', collection('gadgets', 'v1beta1'));
    t.match(beta, { apiVersion: 'example.com/v1beta1', items: [{ metadata: { name: 'a' } }] });
    const swapped = [version('v1beta1', { storage: false }), version('v1')];
    const name = `${DEFINITIONS}/gadgets.example.com`;
    const changed = await api.ask('PATCH', name, { body: { spec: { versions: swapped } }, headers: merge });
    t.strictSame(changed.json.status.storedVersions, ['v1beta1', 'v1']);
    t.match((await api.ask('GET', `${collection('gadgets')}/a`)).json, { spec: { size: 1 } });
    const removed = await api.ask('PATCH', name, {
      body: { spec: { versions: [version('v1')] } },
      headers: merge,
    });
    t.match(removed, { code: 422, json: { message: /status.storedVersions\[0\].*v1beta1/ } });
  },
);

t.test('a schema that changes shows in what is read', async (t) => {
  const versions = [version('v1', { schema: schema({ added: { type: 'string', default: 'later' } }) })];
  const name = `${DEFINITIONS}/widgets.example.com`;
  t.equal((await api.ask('PATCH', name, { body: { spec: { versions } }, headers: merge })).code, 200);
  t.match((await api.ask('GET', `${collection('widgets')}/a`)).json, { spec: { added: 'later' } });
});

t.test('names that are taken are not accepted until they are free', async (t) => {
  const second = await define('sprockets', 'Widget');
  t.match(second.status.conditions, [
    { type: 'NamesAccepted', status: 'False', message: '"widget" is already in use' },
    { type: 'Established', status: 'False' },
  ]);
  t.equal((await api.ask('GET', collection('sprockets'))).code, 404);
  const kept = await api.ask('PATCH', `${collection('widgets')}/a`, {
    body: { metadata: { finalizers: ['example.com/held'] } },
    headers: merge,
  });
  t.equal(kept.code, 200);
  const path = `${DEFINITIONS}/widgets.example.com`;
  const deleted = await api.ask('DELETE', path);
  t.match(deleted.json.status.conditions, [{}, {}, { type: 'Terminating', status: 'True' }]);
  const late = await api.ask('POST', collection('widgets'), { body: object('Widget', 'late', { size: 1 }) });
  t.equal(late.code, 405, 'nothing new while it goes');
  await eventually(async () => (await api.ask('GET', collection('widgets'))).json.items.length === 1);
  await api.ask('PATCH', `${collection('widgets')}/a`, {
    body: { metadata: { finalizers: null } },
    headers: merge,
  });
  await eventually(async () => (await api.ask('GET', path)).code === 404);
  await eventually(async () => (await api.ask('GET', collection('sprockets'))).code === 200);
  t.equal((await api.ask('GET', collection('widgets'))).code, 404);
});

t.test('a definition that is not well formed is refused by field', async (t) => {
  const fields = async (more: object, plural = 'things') => {
    const body = definition(plural, 'Thing', { spec: more });
    const { code, json } = await api.ask('POST', `${DEFINITIONS}?dryRun=All`, { body });
    return code === 422 ? json.details.causes.map(({ field }: { field: string }) => field) : code;
  };
  t.equal(await fields({}), 201);
  t.strictSame(await fields({ scope: 'World' }), ['spec.scope']);
  t.strictSame(await fields({ versions: [version('v1'), version('v2')] }), ['spec.versions']);
  t.strictSame(await fields({ versions: [version('v1', { schema: undefined })] }), [
    'spec.versions[0].schema.openAPIV3Schema',
  ]);
  t.strictSame(await fields({ group: 'other.com' }), ['metadata.name']);
  const untyped = { openAPIV3Schema: { type: 'object', properties: { spec: {} } } };
  t.strictSame(await fields({ versions: [version('v1', { schema: untyped })] }), [
    'spec.validation.openAPIV3Schema.properties[spec].type',
  ]);
});

t.test('a group that has gone is not found', async (t) => {
  for (const plural of ['gadgets', 'sprockets']) {
    await api.ask('DELETE', `${DEFINITIONS}/${plural}.example.com`);
    await eventually(async () => (await api.ask('GET', collection(plural))).code === 404);
  }
  t.equal((await api.ask('GET', '/apis/example.com')).code, 404);
  t.equal((await api.ask('GET', '/openapi/v3/apis/example.com/v1')).code, 404);
});
