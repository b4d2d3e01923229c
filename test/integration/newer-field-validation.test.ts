// The dialogues of Kubernetes' conformance tests on field validation (since 1.27) and field selectors of custom kinds:
// what clients look for in the answers stands in them word for word.
// Source: test/e2e/apimachinery/field_validation.go of Kubernetes, read as a specification.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { customKind, DEFINITIONS } from '../support/custom-kind.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const GROUP = 'newer.example.com';
const OBJECTS = `/apis/${GROUP}/v1`;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const STRICT = '?fieldManager=tester&fieldValidation=Strict';

const spec = {
  type: 'object',
  properties: {
    foo: { type: 'string' },
    cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      items: {
        type: 'object',
        required: ['containerPort', 'protocol'],
        properties: {
          containerPort: { type: 'integer', format: 'int32' },
          name: { type: 'string' },
          protocol: { type: 'string' },
        },
      },
    },
  },
};
const embedded = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  properties: { metadata: { type: 'object' }, spec: { type: 'object' } },
};
const OPEN = { 'x-kubernetes-preserve-unknown-fields': true };

async function define(kind: string, schema: object, version: object = {}) {
  const body = customKind(GROUP, kind, schema, { scope: 'Cluster', version });
  const created = await api.ask('POST', DEFINITIONS, { body });
  if (created.code !== 201) throw new Error(created.text);
  const { plural } = body.spec.names;
  await eventually(async () => (await api.ask('GET', `${OBJECTS}/${plural}`)).code === 200);
}

await define('StrictOne', { type: 'object', properties: { spec } });
await define('OpenOne', { type: 'object', ...OPEN });
const template = { ...spec.properties, template: embedded };
await define('Embedding', {
  type: 'object',
  properties: { spec: { ...spec, ...OPEN, properties: template } },
});

const apply = (plural: string, body: string) =>
  api.ask('PATCH', `${OBJECTS}/${plural}/mytest${STRICT}`, {
    body,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });

const PORTS = `
  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP`;

const config = (kind: string, rest: string, metadata = '') => `
apiVersion: ${GROUP}/v1
kind: ${kind}
metadata:
  name: mytest
  finalizers:
  - test-finalizer${metadata}
${rest}${PORTS}`;

const deployment = (metadata: string, more: string) => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "my-dep", ${metadata} "labels": {"app": "nginx"}},
  "spec": {${more} "selector": {"matchLabels": {"app": "nginx"}}, "template": {
    "metadata": {"labels": {"app": "nginx"}},
    "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}}}}`;

t.test(
  'unknown and duplicate fields of a typed object are told together, the unknown ones first',
  async (t) => {
    const body = deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,');
    const answer = await api.ask('POST', `${DEPLOYMENTS}${STRICT}`, { body });
    t.equal(answer.code, 400);
    const words = 'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"';
    t.ok(answer.json.message.includes(words), answer.json.message);
  },
);

t.test('an unknown field in the metadata of a typed object is told', async (t) => {
  const body = deployment('"unknownMeta": "foo",', '');
  const answer = await api.ask('POST', `${DEPLOYMENTS}${STRICT}`, { body });
  t.ok(answer.json.message.includes('strict decoding error: unknown field "metadata.unknownMeta"'));
});

t.test('a custom object that fits its schema, or whose schema takes anything, is applied', async (t) => {
  t.equal((await apply('strictones', config('StrictOne', 'spec:\n  foo: foo1'))).code, 201);
  t.equal((await apply('openones', config('OpenOne', 'spec:\n  unknown: uk1'))).code, 201);
});

t.test(
  'an applied field that the schema does not declare is refused, whatever fieldValidation says',
  async (t) => {
    const body = config('StrictOne', 'unknownField: unknown\nspec:\n  foo: foo1');
    const answer = await apply('strictones', body);
    t.match(answer, { code: 400, json: { reason: 'BadRequest' } });
    t.equal(
      answer.json.message,
      `failed to create typed patch object (/mytest; ${GROUP}/v1, Kind=StrictOne): ` +
        '.unknownField: field not declared in schema',
    );
    const path = `${OBJECTS}/strictones/mytest?fieldManager=tester&fieldValidation=Ignore`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    t.match(await api.ask('PATCH', path, { body, headers }), {
      code: 400,
      text: /field not declared in schema/,
    });
  },
);

t.test(
  'unknown metadata is refused in the root of a custom object, beside what an embedded one has',
  async (t) => {
    const inner = `
  template:
    apiversion: foo/v1
    kind: Sub
    metadata:
      unknownSubMeta: unknown
      name: subobject
  foo: foo1`;
    const answer = await apply(
      'embeddings',
      config('Embedding', `spec:${inner}`, '\n  unknownMeta: unknown'),
    );
    t.equal(answer.code, 400);
    t.ok(answer.json.message.includes('\n  .metadata.unknownMeta: field not declared in schema'));
  },
);

t.test('a key that stands twice is told with its line, also where unknown fields are kept', async (t) => {
  const answer = await apply(
    'openones',
    config('OpenOne', 'spec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2'),
  );
  t.equal(answer.code, 400);
  t.ok(answer.json.message.includes('line 11: key "foo" already set in map'), answer.json.message);
});

t.test('custom objects are listed and watched by the fields that their kind makes selectable', async (t) => {
  const text = { type: 'string' };
  const shirt = { type: 'object', properties: { color: text, size: text } };
  const selectableFields = [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }];
  await define('Shirt', { type: 'object', properties: { spec: shirt } }, { selectableFields });
  const path = `${OBJECTS}/shirts`;
  const watch = await api.watch(`${path}?watch=1&fieldSelector=spec.color%3Dblue`);
  t.teardown(() => watch.stop());
  for (const [name, color, size] of [
    ['a', 'blue', 'S'],
    ['b', 'green', 'M'],
    ['c', 'blue', 'L'],
  ]) {
    const body = { apiVersion: `${GROUP}/v1`, kind: 'Shirt', metadata: { name }, spec: { color, size } };
    t.equal((await api.ask('POST', path, { body })).code, 201);
  }
  const named = async (selector: string) => {
    const { json } = await api.ask('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`);
    return json.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  };
  t.same(await named('spec.color=blue'), ['a', 'c']);
  t.same(await named('spec.color=blue,spec.size=S'), ['a']);
  t.match(await api.ask('GET', `${path}?fieldSelector=spec.shade%3Dblue`), { code: 400 });
  const body = { spec: { color: 'green' } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.ask('PATCH', `${path}/a`, { body, headers });
  await eventually(() => watch.events.length === 3);
  t.same(
    watch.events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'c'],
      ['DELETED', 'a'],
    ],
  );
});
