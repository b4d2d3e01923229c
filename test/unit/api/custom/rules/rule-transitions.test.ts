// Rules over time: what is held against what was, what is not told again, and how much work all of it may be.
import t from 'tap';
import { RuleValidator } from '../../../../../src/api/custom/rules/rule-validator.ts';
import type { SchemaProps } from '../../../../../src/api/custom/schema-props.ts';
import { valueErrors } from '../../../../../src/api/custom/value-errors.ts';
import type { Json } from '../../../../../src/api/schema/json.ts';

const ruled = (node: SchemaProps, ...rules: (string | object)[]): SchemaProps => ({
  ...node,
  'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule) as Json),
});
const whole: SchemaProps = { type: 'integer' };
const text: SchemaProps = { type: 'string' };
const root = (properties: Record<string, SchemaProps>): SchemaProps => ({ type: 'object', properties });

const told = (schema: SchemaProps, next: Json, previous?: Json) =>
  new RuleValidator(schema).errors(next, previous).map(({ field }) => field);

t.test('a transition rule holds only where there was a value', async (t) => {
  const schema = root({ n: ruled(whole, 'self >= oldSelf') });
  t.strictSame(told(schema, { n: 1 }), []);
  t.strictSame(told(schema, { n: 1 }, {}), []);
  t.strictSame(told(schema, { n: 1 }, { n: 2 }), ['n']);
  t.strictSame(told(schema, { n: 3 }, { n: 2 }), []);
});

t.test('an optional oldSelf holds for new values too', async (t) => {
  const rule = { rule: 'oldSelf.hasValue() ? self == oldSelf.value() : self == 1', optionalOldSelf: true };
  const schema = root({
    n: ruled(whole, rule),
    o: ruled(root({ a: text }), { ...rule, rule: 'oldSelf.orValue(self) == self' }),
  });
  t.strictSame(told(schema, { n: 1 }), []);
  t.strictSame(told(schema, { n: 2 }), ['n']);
  t.strictSame(told(schema, { n: 2 }, { n: 2 }), []);
  t.strictSame(told(schema, { n: 1 }, { n: 2 }), ['n']);
  t.strictSame(told(schema, { o: { a: 'x' } }), []);
  t.strictSame(told(schema, { o: { a: 'x' } }, { o: { a: 'y' } }), ['o']);
});

t.test('items of a list-map are held against the item with their key, wherever it stood', async (t) => {
  const items = { ...root({ k: text, n: ruled(whole, 'self >= oldSelf') }), required: ['k'] };
  const list: SchemaProps = {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
  };
  const before = {
    list: [
      { k: 'a', n: 5 },
      { k: 'b', n: 1 },
    ],
  };
  t.strictSame(
    told(
      root({ list }),
      {
        list: [
          { k: 'b', n: 2 },
          { k: 'a', n: 4 },
        ],
      },
      before,
    ),
    ['list[1].n'],
  );
  t.strictSame(told(root({ list }), { list: [{ k: 'c', n: 0 }] }, before), []);
});

t.test(
  'values of a map are held against the value under their key, those of an atomic one against none',
  async (t) => {
    const map: SchemaProps = { type: 'object', additionalProperties: ruled(whole, 'self >= oldSelf') };
    t.strictSame(told(root({ map }), { map: { 'a.b': 1, c: 0 } }, { map: { 'a.b': 2 } }), ['map[a.b]']);
    const atomic = { ...map, 'x-kubernetes-map-type': 'atomic' };
    t.strictSame(told(root({ map: atomic }), { map: { a: 1 } }, { map: { a: 2 } }), []);
  },
);

t.test('what an update leaves as it was is not told again, what it changes is', async (t) => {
  const schema = root({
    a: ruled(whole, 'self > 0'),
    b: ruled(root({ c: ruled(whole, 'self > 0'), d: whole }), 'self.d > 0'),
  });
  const before = { a: 0, b: { c: 0, d: 1 } };
  t.strictSame(told(schema, before), ['a', 'b.c']);
  t.strictSame(told(schema, { ...before, x: 1 }, before), []);
  t.strictSame(told(schema, { a: -1, b: { c: 0, d: 0 } }, before), ['a', 'b']);
});

t.test('the schema itself is ratcheted the same way', async (t) => {
  const items = { ...root({ k: text, v: { ...text, maxLength: 1 } }), required: ['k'] };
  const map: SchemaProps = {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
  };
  const schema = root({
    n: { ...whole, minimum: 1 },
    map,
    list: { type: 'array', items: { ...text, maxLength: 1 } },
  });
  const before = { n: 0, map: [{ k: 'a', v: 'long' }], list: ['long'] };
  const fields = (next: Json) => valueErrors(schema, next, '', before).map(({ field }) => field);
  t.strictSame(fields({ ...before, other: 1 }), []);
  t.strictSame(fields({ ...before, n: -1 }), ['n']);
  t.strictSame(
    fields({
      ...before,
      map: [
        { k: 'b', v: 'x' },
        { k: 'a', v: 'long' },
      ],
    }),
    [],
  );
  t.strictSame(fields({ ...before, map: [{ k: 'a', v: 'longer' }] }), ['map[0].v']);
  t.strictSame(fields({ ...before, list: ['long', 'x'] }), ['list[0]'], 'items without keys are new');
});

t.test('a null is no value to hold a rule against', async (t) => {
  const schema = root({ n: ruled({ ...whole, nullable: true }, 'self > 0') });
  t.strictSame(told(schema, { n: null }), []);
  t.strictSame(told(schema, { n: 0 }), ['n']);
});

t.test('rules in allOf hold for the value that allOf restricts', async (t) => {
  const schema = root({ n: { ...whole, allOf: [ruled({}, 'self > 0'), ruled({}, 'self < 9')] } });
  t.strictSame(told(schema, { n: 9 }), ['n']);
});

t.test('an embedded resource shows its name', async (t) => {
  const template = ruled(
    { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
    "self.kind == 'Pod' && self.metadata.name == 'a'",
  );
  const pod = (name: string) => ({ template: { apiVersion: 'v1', kind: 'Pod', metadata: { name } } });
  t.strictSame(told(root({ template }), pod('a')), []);
  t.strictSame(told(root({ template }), pod('b')), ['template']);
});

t.test('a rule that goes on for too long is ended, and none is run after it', async (t) => {
  const numbers: SchemaProps = { type: 'array', items: whole };
  const slow = [
    'self.all(a, self.all(b, a == b))',
    'self.exists(a, self.exists(b, a + b < 0)) || true',
    'self.map(a, self.map(b, a)).size() > 0',
  ];
  for (const rule of slow) {
    const schema = root({ n: ruled(numbers, rule, 'self.size() < 0') });
    const errors = new RuleValidator(schema).errors({ n: Array(2000).fill(1) }, undefined);
    t.equal(errors.length, 1, rule);
    t.ok(errors[0]?.message.includes(`call cost exceeds limit for rule: ${rule}`), errors[0]?.message ?? '');
  }
});

t.test('work on long texts counts by their length', async (t) => {
  const schema = root({ n: ruled({ type: 'array', items: text }, "self.all(s, !s.contains('x'))") });
  const errors = new RuleValidator(schema).errors({ n: Array(30).fill('a'.repeat(1_000_000)) }, undefined);
  t.match(errors, [{ message: /call cost exceeds limit/ }]);
});

t.test('all rules of an object share one budget', async (t) => {
  const numbers: SchemaProps = { type: 'array', items: whole };
  const lists: SchemaProps = { type: 'array', items: ruled(numbers, 'self.all(a, self.all(b, a == b))') };
  const errors = new RuleValidator(root({ lists })).errors(
    { lists: Array(20).fill(Array(400).fill(1)) },
    undefined,
  );
  t.match(errors, [{ message: /running out of cost budget, no further validation rules will be run/ }]);
  t.equal(errors.length, 1);
});
