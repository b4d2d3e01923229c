// What a definition's schema makes of objects: pruned, defaulted and checked as upstream does.
import fc from 'fast-check';
import t from 'tap';
import { applyDefaults, prune } from '../../../../src/api/custom/prune.ts';
import { schemaErrors } from '../../../../src/api/custom/schema-errors.ts';
import type { SchemaProps } from '../../../../src/api/custom/schema-props.ts';
import { valueErrors } from '../../../../src/api/custom/value-errors.ts';
import type { Json, JsonObject } from '../../../../src/api/schema/json.ts';

const spec = (properties: Record<string, SchemaProps>, more: SchemaProps = {}): SchemaProps => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...more } },
});

const fields = (node: SchemaProps, value: Json) => valueErrors(node, value, '').map(({ field }) => field);

t.test('unknown fields are left out and named, wherever they stand', async (t) => {
  const node = spec({
    list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
  });
  const pruned = prune(node, { spec: { list: [{ a: 'x', b: 1 }], c: 2 } });
  t.strictSame(pruned.value, { spec: { list: [{ a: 'x' }] } });
  t.strictSame(pruned.unknownFields, ['unknown field "spec.list[0].b"', 'unknown field "spec.c"']);
});

t.test(
  'unknown fields stay where the schema keeps them, and known ones below are still pruned',
  async (t) => {
    const inner: SchemaProps = { type: 'object', properties: { a: { type: 'string' } } };
    const node = spec({ known: inner }, { 'x-kubernetes-preserve-unknown-fields': true });
    const value = { spec: { any: { deep: [1] }, known: { a: 'x', b: 1 } } };
    t.strictSame(prune(node, value).value, { spec: { any: { deep: [1] }, known: { a: 'x' } } });
  },
);

t.test('maps keep every key, and an embedded object keeps its kind and metadata', async (t) => {
  const template: SchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} };
  const node = spec({ labels: { type: 'object', additionalProperties: { type: 'string' } }, template });
  const value = {
    spec: {
      labels: { x: 'y' },
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, other: 1 },
    },
  };
  t.strictSame(prune(node, value).value, {
    spec: { labels: { x: 'y' }, template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } } },
  });
});

t.test('defaults fill what is absent, and null where null is not allowed', async (t) => {
  const node = spec({
    a: { type: 'string', default: 'x' },
    b: { type: 'string', default: 'y', nullable: true },
    c: { type: 'object', default: {}, properties: { d: { type: 'integer', default: 3 } } },
  });
  const value: JsonObject = { spec: { a: null, b: null } };
  applyDefaults(node, value);
  t.strictSame(value, { spec: { a: 'x', b: null, c: { d: 3 } } });
  const empty: JsonObject = {};
  applyDefaults(node, empty);
  t.strictSame(empty, {}, 'a parent that is absent is not made');
});

t.test('a default is never shared between objects', async (t) => {
  const node = spec({
    c: { type: 'object', default: { list: [] }, 'x-kubernetes-preserve-unknown-fields': true },
  });
  const [first, second]: JsonObject[] = [{ spec: {} }, { spec: {} }];
  applyDefaults(node, first!);
  applyDefaults(node, second!);
  t.not((first as { spec: JsonObject }).spec.c, (second as { spec: JsonObject }).spec.c);
});

t.test('values are refused in upstream’s words', async (t) => {
  const node = spec(
    { size: { type: 'integer', minimum: 1 }, color: { type: 'string', enum: ['red'] } },
    { required: ['size'] },
  );
  t.match(valueErrors(node, { spec: { size: 'x' } }, ''), [
    {
      reason: 'FieldValueTypeInvalid',
      field: 'spec.size',
      message: 'Invalid value: "string": spec.size in body must be of type integer: "string"',
    },
  ]);
  t.match(valueErrors(node, { spec: { size: 0, color: 'green' } }, ''), [
    {
      field: 'spec.size',
      message: 'Invalid value: 0: spec.size in body should be greater than or equal to 1',
    },
    { field: 'spec.color', message: 'Unsupported value: "green": supported values: "red"' },
  ]);
  t.match(valueErrors(node, { spec: {} }, ''), [{ reason: 'FieldValueRequired', field: 'spec.size' }]);
});

t.test('texts, lists and maps have their limits', async (t) => {
  const node = spec({
    cron: { type: 'string', pattern: '^a+$', maxLength: 3, minLength: 2 },
    time: { type: 'string', format: 'date-time' },
    list: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
    port: { 'x-kubernetes-int-or-string': true },
    step: { type: 'number', multipleOf: 0.5, exclusiveMaximum: true, maximum: 2 },
  });
  t.strictSame(
    fields(node, { spec: { cron: 'aa', list: [1], port: '80%', step: 1.5, time: '2024-01-01T00:00:00Z' } }),
    [],
  );
  t.strictSame(fields(node, { spec: { cron: 'bbbb' } }), ['spec.cron', 'spec.cron']);
  t.strictSame(fields(node, { spec: { list: [1, 2, 'x'] } }), ['spec.list', 'spec.list[2]']);
  t.strictSame(fields(node, { spec: { port: 1.5, time: 'soon', step: 2 } }), [
    'spec.port',
    'spec.time',
    'spec.step',
  ]);
});

t.test('sets and list-maps hold nothing twice', async (t) => {
  const item: SchemaProps = { type: 'object', properties: { name: { type: 'string' } } };
  const node = spec({
    set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    map: {
      type: 'array',
      items: item,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
  });
  const value = { spec: { set: ['a', 'b', 'a'], map: [{ name: 'x' }, { name: 'x' }] } };
  t.match(valueErrors(node, value, ''), [
    { reason: 'FieldValueDuplicate', field: 'spec.set[2]' },
    { reason: 'FieldValueDuplicate', field: 'spec.map[1]' },
  ]);
});

t.test('allOf, anyOf, oneOf and not combine', async (t) => {
  const number: SchemaProps = { minimum: 10 };
  const of = (more: SchemaProps) => spec({ n: { type: 'integer', ...more } });
  const valid = (more: SchemaProps, n: number) => fields(of(more), { spec: { n } }).length === 0;
  t.ok(valid({ allOf: [number, { maximum: 20 }] }, 15));
  t.notOk(valid({ allOf: [number, { maximum: 20 }] }, 25));
  t.ok(valid({ anyOf: [number, { maximum: 0 }] }, -1));
  t.notOk(valid({ anyOf: [number, { maximum: 0 }] }, 5));
  t.notOk(valid({ oneOf: [number, { minimum: 5 }] }, 15));
  t.ok(valid({ oneOf: [number, { minimum: 5 }] }, 7));
  t.notOk(valid({ not: number }, 11));
});

t.test('a schema that is not structural is refused by field', async (t) => {
  const problems = (root: JsonObject) =>
    schemaErrors(root, 's').map(({ field, message }) => `${field}: ${message}`);
  t.strictSame(problems({ type: 'object', properties: { a: { type: 'string' } } }), []);
  t.match(problems({}), ['s.type: Required value: must not be empty at the root']);
  t.match(problems({ type: 'object', properties: { a: {} } }), [
    's.properties[a].type: Required value: must not be empty for specified object fields',
  ]);
  t.match(problems({ type: 'object', properties: { a: { type: 'array' } } }), [/items: Required value/]);
  t.match(problems({ type: 'object', properties: { a: { type: 'string', pattern: '(' } } }), [/pattern/]);
  t.match(problems({ type: 'object', properties: { a: { type: 'array', items: 'x' } } }), [/items: Invalid/]);
  t.match(problems({ type: 'object', properties: { a: { type: 'integer', default: 'x' } } }), [
    /a\]\.default/,
  ]);
  t.match(problems({ type: 'object', anyOf: [{ default: 1 }] }), [/anyOf\[0\]\.default: Forbidden/]);
  t.match(problems({ type: 'object', properties: {}, additionalProperties: { type: 'string' } }), [/mutual/]);
});

t.test('hostile objects end with a 400, not with the stack', async (t) => {
  let deep: Json = 1;
  for (let i = 0; i < 5000; i++) deep = { a: deep };
  const any: SchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  t.throws(() => prune(any, deep), { code: 400 });
  t.throws(() => prune(any, JSON.parse('{"__proto__": {"x": 1}}')), { code: 400 });
});

t.test('whatever a schema and an object are made of, nothing but a Status is thrown', async (t) => {
  const keywords = fc.constantFrom(
    ...[
      'type',
      'properties',
      'items',
      'additionalProperties',
      'required',
      'enum',
      'default',
      'pattern',
      'format',
    ],
    ...['anyOf', 'not', 'minimum', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'nullable'],
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.record({ type: fc.constantFrom('string', 'integer', 'array', 'boolean') }),
      fc.record({ type: fc.constant('array'), items: tie('node') }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('node')),
      }),
      fc.dictionary(keywords, fc.oneof(fc.jsonValue({ maxDepth: 2 }), tie('node'))),
    ),
  }));
  const value = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 3 }));
  let accepted = 0;
  fc.assert(
    fc.property(node, value, (schema, object) => {
      const root = { ...(schema as JsonObject), type: 'object' };
      if (schemaErrors(root, 's').length > 0) return;
      accepted += 1;
      const pruned = prune(root as SchemaProps, object as JsonObject).value;
      applyDefaults(root as SchemaProps, pruned);
      valueErrors(root as SchemaProps, pruned, '');
      t.strictSame(prune(root as SchemaProps, pruned).unknownFields, [], 'what is left is known');
    }),
    { numRuns: 300 },
  );
  t.ok(accepted > 50, `${accepted} schemas were structural`);
});
