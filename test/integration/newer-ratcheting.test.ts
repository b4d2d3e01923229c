// The dialogues of Kubernetes' conformance tests on schemas that become stricter under objects that are there already:
// what stays as it was may stay, where it can be told which value was which; what changes is held to the new schema.
// Source: test/e2e/apimachinery/crd_validation_ratcheting.go of Kubernetes, read as a specification.
import t, { type Test } from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { customKind, DEFINITIONS } from '../support/custom-kind.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const GROUP = 'ratchet.example.com';
const SENTINEL = '__update_schema_sentinel_field__';
let kinds = 0;

interface Kind {
  kind: string;
  plural: string;
}

/** A kind that takes anything. */
async function define(): Promise<Kind> {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const body = customKind(GROUP, `Ratchet${++kinds}`, schema);
  const created = await api.ask('POST', DEFINITIONS, { body });
  if (created.code !== 201) throw new Error(created.text);
  return body.spec.names;
}

const apply = ({ kind, plural }: Kind, object: object, name = 'test-resource') => {
  const { metadata = {}, ...rest } = object as { metadata?: object };
  const body = {
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: { ...metadata, name, namespace: 'default' },
    ...rest,
  };
  const path = `/apis/${GROUP}/v1/namespaces/default/${plural}/${name}?fieldManager=manager`;
  return api.ask('PATCH', path, { body, headers: { 'content-type': 'application/apply-patch+yaml' } });
};

/** Writes the schema, and waits as upstream's test does: until an object that breaks it in a new way is told so. */
async function restrict(kind: Kind, properties: Record<string, object>): Promise<void> {
  const unique = `unique-${Math.random()}`;
  const path = `${DEFINITIONS}/${kind.plural}.${GROUP}`;
  const { json } = await api.ask('GET', path);
  json.spec.versions[0].schema.openAPIV3Schema = {
    type: 'object',
    properties: { ...properties, [SENTINEL]: { type: 'string', enum: [unique] } },
  };
  const written = await api.ask('PUT', path, { body: json });
  if (written.code !== 200) throw new Error(written.text);
  let counter = 0;
  await eventually(async () => {
    const metadata = { finalizers: ['unqualified-finalizer'], labels: { '#inv/($%)/alid=': '>htt$://' } };
    const { text } = await apply(kind, { metadata, [SENTINEL]: String(++counter) }, 'sentinel-resource');
    return text.includes(unique);
  });
}

/** The same field in a value, a struct, a list by keys and a map. */
const everywhere = (field: object, more: Record<string, object> = {}) => {
  const inner = { type: 'object', properties: { field, ...more } };
  const item = { type: 'object', properties: { key: { type: 'string' }, field, ...more }, required: ['key'] };
  return {
    field,
    ...more,
    struct: inner,
    list: {
      type: 'array',
      maxItems: 5,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['key'],
      items: item,
    },
    map: { type: 'object', maxProperties: 5, additionalProperties: inner },
  };
};
const valued = (field: string, more: object = {}) => ({
  field,
  ...more,
  struct: { field, ...more },
  list: ['foo', 'bar'].map((key) => ({ key, field, ...more })),
  map: { foo: { field, ...more }, bar: { field, ...more } },
});
const lists = (items: object) => ({
  atomicArray: { type: 'array', items },
  setArray: { type: 'array', 'x-kubernetes-list-type': 'set', items },
});
const ruled = (rule: string, more: object = {}) => ({
  type: 'string',
  maxLength: 5,
  'x-kubernetes-validations': [{ rule, ...more }],
});
const text = { type: 'string' };
const labelled = (object: object) => ({ metadata: { labels: { foo: 'bar' } }, ...object });
const PLACES = ['field', 'struct.field', 'list[0].field', 'list[1].field'];

function tells(t: Test, { code, json }: Awaited<ReturnType<typeof apply>>, places: readonly string[]): void {
  t.equal(code, 422);
  for (const place of places) t.ok(json.message.includes(place), `${place} in ${json.message}`);
}

const SAME = { enum: ['notfoo'], type: 'string' };
for (const [name, field] of [
  ['the schema', SAME],
  ['a rule', ruled('self == "other"')],
] as const) {
  t.test(`what breaks ${name} and stays as it was may stay, beside what is new`, async (t) => {
    const kind = await define();
    t.equal((await apply(kind, valued('foo'))).code, 201);
    await restrict(kind, everywhere(field, { otherField: text }));
    const changed = await apply(kind, labelled(valued('foo', { otherField: 'any' })));
    t.match(changed, { code: 200, json: { metadata: { labels: { foo: 'bar' } } } }, changed.text);
  });

  t.test(`what breaks ${name} and changes is told wherever it stands`, async (t) => {
    const kind = await define();
    t.equal((await apply(kind, valued('old'))).code, 201);
    await restrict(kind, everywhere(field));
    const maps =
      name === 'a rule' ? ['map[foo].field', 'map[bar].field'] : ['map.foo.field', 'map.bar.field'];
    tells(t, await apply(kind, valued('new')), [...PLACES, ...maps]);
  });
}

for (const [name, items] of [
  ['the schema', { ...text, enum: ['notfoo', 'notbar', 'notbaz'] }],
  ['a rule', { ...text, maxLength: 9, 'x-kubernetes-validations': [{ rule: 'self != "foo"' }] }],
] as const) {
  t.test(`of lists without keys nobody can tell which item was which: all is held to ${name}`, async (t) => {
    const kind = await define();
    const items3 = ['foo', 'bar', 'baz'];
    t.equal((await apply(kind, { setArray: items3, atomicArray: items3 })).code, 201);
    const schema = lists(items);
    for (const list of Object.values(schema)) Object.assign(list, { maxItems: 9 });
    await restrict(kind, schema);
    const items4 = [...items3, 'notfoo'];
    tells(t, await apply(kind, labelled({ setArray: items4, atomicArray: items4 })), [
      'atomicArray',
      'setArray',
    ]);
  });
}

t.test('a rule that compares with what was is held at every write', async (t) => {
  const kind = await define();
  t.equal((await apply(kind, valued('foo'))).code, 201);
  await restrict(kind, everywhere(ruled('self != oldSelf')));
  tells(t, await apply(kind, labelled(valued('foo'))), [...PLACES, 'map[foo].field', 'map[bar].field']);
});

t.test('with optionalOldSelf it is held for new values too, which have no old self', async (t) => {
  const kind = await define();
  const rule = '!oldSelf.hasValue() || self != oldSelf.value()';
  await restrict(kind, everywhere(ruled(rule, { optionalOldSelf: true })));
  t.match(await apply(kind, valued('foo')), { code: 201 });
  tells(t, await apply(kind, labelled(valued('foo'))), [...PLACES, 'map[foo].field', 'map[bar].field']);
  t.match(await apply(kind, valued('new')), { code: 200 });
});
