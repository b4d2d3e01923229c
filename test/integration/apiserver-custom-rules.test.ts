// Validation rules of CustomResourceDefinitions over HTTPS: the dialogue of upstream's conformance tests
// (test/e2e/apimachinery/crd_validation_rules.go), and what kubectl's users see beside it.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { customKind, DEFINITIONS } from '../support/custom-kind.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };

let count = 0;
const newKind = () => `Ruled${++count}`;
const pluralOf = (kind: string) => `${kind.toLowerCase()}s`;
const collection = (kind: string) => `/apis/rules.example.com/v1/namespaces/default/${pluralOf(kind)}`;

const define = (kind: string, properties: object, more: object = {}) => {
  const schema = { type: 'object', properties, ...more };
  const version = { subresources: { status: {} } };
  return api.ask('POST', DEFINITIONS, { body: customKind('rules.example.com', kind, schema, { version }) });
};

const object = (kind: string, name: string, spec: object, more: object = {}) => ({
  apiVersion: 'rules.example.com/v1',
  kind,
  metadata: { name },
  spec,
  ...more,
});

const create = (kind: string, name: string, spec: object, more: object = {}) =>
  api.ask('POST', collection(kind), { body: object(kind, name, spec, more) });

const numbers = (maxItems: number) => ({ type: 'array', maxItems, items: { type: 'integer' } });

/** The schema that upstream's tests share. */
const shared = {
  spec: {
    type: 'object',
    'x-kubernetes-validations': [
      { rule: 'self.x + self.y > 0' },
      {
        rule: 'self.firstArray.isSorted() && self.secondArray.isSorted() && ((self.firstArray.sum() + self.secondArray.sum()) % 2 == 0)',
      },
      { rule: 'self.largeArray.all(x, self.largeArray.all(y, y == x))' },
    ],
    properties: {
      x: { type: 'integer' },
      y: { type: 'integer' },
      firstArray: numbers(1000),
      secondArray: numbers(1000),
      largeArray: numbers(725),
    },
  },
  status: {
    type: 'object',
    'x-kubernetes-validations': [{ rule: "self.health == 'ok' || self.health == 'unhealthy'" }],
    properties: { health: { type: 'string' } },
  },
};

const good = { x: 1, y: 0, firstArray: [3, 4], secondArray: [5, 10], largeArray: [2, 2] };

t.test('an object that satisfies the rules is created, one that does not is refused', async (t) => {
  const kind = newKind();
  const defined = await define(kind, shared);
  t.equal(defined.code, 201, defined.text);
  t.notOk(defined.headers.warning);
  const created = await create(kind, 'a', good);
  t.equal(created.code, 201, created.text);
  const refused = await create(kind, 'b', { ...good, x: 0 });
  t.match(refused, {
    code: 422,
    json: {
      reason: 'Invalid',
      message: `${kind}.rules.example.com "b" is invalid: spec: Invalid value: "object": failed rule: self.x + self.y > 0`,
      details: {
        causes: [
          {
            reason: 'FieldValueInvalid',
            field: 'spec',
            message: 'Invalid value: "object": failed rule: self.x + self.y > 0',
          },
        ],
      },
    },
  });
  const partial = await create(kind, 'c', { x: 0, y: 0 });
  t.match(partial, { code: 422, json: { message: /failed rule/ } });
  t.match(partial.json.message, /no such key: firstArray evaluating rule/);
});

t.test('patches, applied objects and status are held against the rules too', async (t) => {
  const kind = newKind();
  await define(kind, shared);
  await create(kind, 'a', good);
  const path = `${collection(kind)}/a`;
  const patched = await api.ask('PATCH', path, { body: { spec: { x: -1 } }, headers: merge });
  t.match(patched, { code: 422, json: { message: /failed rule: self\.x \+ self\.y > 0/ } });
  const body = JSON.stringify(object(kind, 'a', { ...good, y: -1 }));
  const applied = await api.ask('PATCH', `${path}?fieldManager=m&force=true`, { body, headers: apply });
  t.match(applied, { code: 422, json: { details: { causes: [{ field: 'spec' }] } } });
  const sick = await api.ask('PATCH', `${path}/status`, {
    body: { status: { health: 'x' } },
    headers: merge,
  });
  t.match(sick, { code: 422, json: { details: { causes: [{ field: 'status' }] } } });
  const well = await api.ask('PATCH', `${path}/status`, {
    body: { status: { health: 'ok' } },
    headers: merge,
  });
  t.match(well, { code: 200, json: { status: { health: 'ok' } } });
  const dry = await api.ask('PATCH', `${path}?dryRun=All`, { body: { spec: { x: -1 } }, headers: merge });
  t.equal(dry.code, 422);
});

t.test('a rule that names a property that does not exist is refused with its definition', async (t) => {
  const rules = [{ rule: 'self.z == 100' }];
  const refused = await define(newKind(), {
    spec: {
      type: 'object',
      'x-kubernetes-validations': rules,
      properties: { x: { type: 'integer' } },
    },
  });
  t.match(refused, {
    code: 422,
    json: {
      details: {
        causes: [
          {
            field: 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
            reason: 'FieldValueInvalid',
          },
        ],
      },
    },
  });
  t.ok(
    refused.json.message.includes(
      'Invalid value: apiextensions.ValidationRule{Rule:"self.z == 100", Message:"", MessageExpression:"", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:"", OptionalOldSelf:(*bool)(nil)}: compilation failed: ERROR: <input>:1:5: undefined field \'z\'',
    ),
    refused.json.message,
  );
});

t.test('a rule with a syntax error is refused with its definition', async (t) => {
  const rules = [{ rule: 'self = 42' }];
  const refused = await define(newKind(), { spec: { type: 'object', 'x-kubernetes-validations': rules } });
  t.match(refused, { code: 422, json: { message: /compilation failed: ERROR: <input>:1:6: Syntax error/ } });
});

t.test('a rule that could cost too much is refused with its definition', async (t) => {
  const inner = {
    type: 'array',
    items: { type: 'string' },
    'x-kubernetes-validations': [{ rule: "self.all(s, s == 'string constant')" }],
  };
  const x = { type: 'array', items: inner };
  const refused = await define(newKind(), { spec: { type: 'object', properties: { x } } });
  t.match(refused, {
    code: 422,
    json: { message: /estimated rule cost exceeds budget by factor of more than 100x/ },
  });
  t.match(refused.json.message, /rule cost total for entire OpenAPIv3 schema exceeds budget/);
});

t.test('an object on which a rule costs too much is refused', async (t) => {
  const kind = newKind();
  await define(kind, shared);
  const refused = await create(kind, 'a', { largeArray: Array(725).fill(20) });
  t.match(refused, { code: 422, json: { message: /call cost exceeds limit for rule/ } });
});

t.test('a transition rule holds for updates, not for new objects', async (t) => {
  const kind = newKind();
  const num = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] };
  await define(kind, { spec: { type: 'object', properties: { num } } });
  const created = await create(kind, 'a', { num: 10 });
  t.equal(created.code, 201, created.text);
  const { resourceVersion } = created.json.metadata;
  const body = object(kind, 'a', { num: 9 }, { metadata: { name: 'a', resourceVersion } });
  const refused = await api.ask('PUT', `${collection(kind)}/a`, { body });
  t.match(refused, {
    code: 422,
    json: {
      details: {
        causes: [{ field: 'spec.num', message: 'Invalid value: "integer": failed rule: self > oldSelf' }],
      },
    },
  });
  const raised = await api.ask('PUT', `${collection(kind)}/a`, {
    body: object(kind, 'a', { num: 11 }, { metadata: { name: 'a', resourceVersion } }),
  });
  t.equal(raised.code, 200, raised.text);
});

t.test('what was invalid before a schema became stricter may stay, and be changed elsewhere', async (t) => {
  const kind = newKind();
  const size = { type: 'integer' };
  const text = { type: 'string' };
  await define(kind, { spec: { type: 'object', properties: { size, text } } });
  await create(kind, 'a', { size: 0, text: 'LONG' });
  const stricter = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          size: { ...size, 'x-kubernetes-validations': [{ rule: 'self > 0', message: 'too small' }] },
          text: { ...text, maxLength: 2 },
          other: { type: 'string' },
        },
      },
    },
  };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: stricter } }];
  const name = `${DEFINITIONS}/${pluralOf(kind)}.rules.example.com`;
  const changed = await api.ask('PATCH', name, { body: { spec: { versions } }, headers: merge });
  t.equal(changed.code, 200, changed.text);
  const patch = (spec: object) =>
    api.ask('PATCH', `${collection(kind)}/a`, { body: { spec }, headers: merge });
  const kept = await patch({ other: 'x' });
  t.equal(kept.code, 200, kept.text);
  t.match(await patch({ size: -1 }), {
    code: 422,
    json: { details: { causes: [{ field: 'spec.size', message: 'Invalid value: "integer": too small' }] } },
  });
  t.match(await patch({ text: 'ALSO LONG' }), { code: 422, json: { message: /spec.text: Too long/ } });
});

t.test('a rule at the root sees the name and no more of the metadata', async (t) => {
  const kind = newKind();
  const spec = { type: 'object', properties: {} };
  const rules = [{ rule: "self.metadata.name.startsWith('ok')", message: 'name it ok', fieldPath: '.spec' }];
  const defined = await define(kind, { spec }, { 'x-kubernetes-validations': rules });
  t.equal(defined.code, 201, defined.text);
  t.equal((await create(kind, 'ok-1', {})).code, 201);
  t.match(await create(kind, 'no', {}), {
    code: 422,
    json: { details: { causes: [{ field: 'spec', message: 'Invalid value: "object": name it ok' }] } },
  });
  const labels = [{ rule: 'self.metadata.labels.size() > 0' }];
  const refused = await define(newKind(), { spec }, { 'x-kubernetes-validations': labels });
  t.match(refused, { code: 422, json: { message: /undefined field 'labels'/ } });
});
