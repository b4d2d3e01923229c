// What a definition may not say in its rules.
import t from 'tap';
import { definitionErrors } from '../../../../../src/api/custom/rules/definition-errors.ts';
import { schemaErrors } from '../../../../../src/api/custom/schema-errors.ts';
import type { SchemaProps } from '../../../../../src/api/custom/schema-props.ts';
import type { Json, JsonObject } from '../../../../../src/api/schema/json.ts';

const ruled = (node: SchemaProps, rule: object): SchemaProps => ({
  ...node,
  'x-kubernetes-validations': [rule as Json],
});
const text: SchemaProps = { type: 'string' };
const root = (properties: Record<string, SchemaProps>): SchemaProps => ({ type: 'object', properties });
const told = (schema: SchemaProps) =>
  definitionErrors(schema, 'root').map(({ field, message }) => `${field}: ${message}`);
const AT = 'root.properties[a].x-kubernetes-validations[0]';

t.test('what a rule says about itself is checked, and told before it is compiled', async (t) => {
  const cases: [object, string][] = [
    [{ rule: ' ' }, `${AT}.rule: Required value: rule is not specified`],
    [
      { rule: 'true', message: ' ' },
      `${AT}.message: Invalid value: " ": message must be non-empty if specified`,
    ],
    [
      { rule: 'x', message: 'a\nb' },
      `${AT}.message: Invalid value: "a\\nb": message must not contain line breaks`,
    ],
    [
      { rule: 'true ||\nfalse' },
      `${AT}.message: Required value: message must be specified if rule contains line breaks`,
    ],
    [
      { rule: 'true', messageExpression: ' ' },
      `${AT}.messageExpression: Required value: messageExpression must be non-empty if specified`,
    ],
    [
      { rule: 'true', fieldPath: '.x' },
      `${AT}.fieldPath: Invalid value: ".x": fieldPath must be a valid path: does not refer to a valid field`,
    ],
    [
      { rule: 'true', reason: 'Other' },
      `${AT}.reason: Unsupported value: "Other": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ],
    [
      { rule: 'true', optionalOldSelf: true },
      `${AT}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ];
  for (const [rule, message] of cases) t.strictSame(told(root({ a: ruled(text, rule) })), [message]);
});

t.test('a message expression must compile to a text', async (t) => {
  const rule = { rule: 'true', messageExpression: '1 + 1' };
  const [message = ''] = told(root({ a: ruled(text, rule) }));
  t.ok(message.startsWith(`${AT}.messageExpression: `), message);
  t.match(message, /must evaluate to a string/);
});

t.test('oldSelf is refused where nothing tells which value was which', async (t) => {
  const moving = { rule: 'self == oldSelf' };
  const within = (list: SchemaProps) => told(root({ l: { type: 'array', maxItems: 9, ...list } }));
  const why = (place: string) =>
    `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place}`;
  const inItems = 'root.properties[l].items.x-kubernetes-validations[0].rule';
  for (const kind of [{}, { 'x-kubernetes-list-type': 'set' }, { 'x-kubernetes-list-type': 'atomic' }]) {
    t.strictSame(within({ ...kind, items: ruled({ ...text, maxLength: 9 }, moving) }), [
      `${inItems}: Invalid value: "self == oldSelf": ${why('root.properties[l]')}`,
    ]);
  }
  const map = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
  const small = { ...text, maxLength: 9 };
  t.strictSame(within({ ...map, items: ruled(root({ k: small }), { rule: 'self.k == oldSelf.k' }) }), []);
  t.strictSame(told(root({ l: ruled({ type: 'array', items: small, maxItems: 9 }, moving) })), []);
  const atomic = { ...root({ k: ruled(small, moving) }), 'x-kubernetes-map-type': 'atomic' };
  t.match(told(root({ l: atomic })), [/uncorrelatable portion of the schema within root.properties\[l\]/]);
});

t.test('a rule where there is no type for it is refused', async (t) => {
  const loose = ruled({ 'x-kubernetes-preserve-unknown-fields': true }, { rule: 'true' });
  t.match(told(root({ a: loose })), [/does not support validation rules type: ''/]);
});

t.test('bounds in the schema bring the cost of a rule down', async (t) => {
  const nested = (maxItems?: number): SchemaProps => {
    const bound = maxItems === undefined ? {} : { maxItems };
    const list: SchemaProps = { type: 'array', items: { type: 'integer' }, ...bound };
    return root({ a: ruled(list, { rule: 'self.all(x, self.all(y, x == y))' }) });
  };
  t.match(told(nested()), [
    /estimated rule cost exceeds budget by factor of more than 100x/,
    /total for entire/,
  ]);
  t.match(told(nested(1800)), [/estimated rule cost exceeds budget by factor of 1\.\d+x \(try simplifying/]);
  t.strictSame(told(nested(700)), []);
});

t.test('patterns of rules that people use stay within the budget', async (t) => {
  const labels: SchemaProps = { type: 'object', additionalProperties: text, maxProperties: 100 };
  const rules = [
    "self.all(k, k.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$'))",
    "self.all(k, k in ['a', 'b'] || !k.contains('/'))",
    'size(self) <= 8',
  ];
  for (const rule of rules) t.strictSame(told(root({ a: ruled(labels, { rule }) })), [], rule);
  t.strictSame(told(root({ a: ruled(text, { rule: 'self == oldSelf' }) })), []);
  t.strictSame(told(root({ a: ruled(text, { rule: "self.startsWith('a') && self.size() < 9" }) })), []);
});

t.test('rules that are no rules are told before they are read', async (t) => {
  for (const rules of ['x', [1], [{}], [{ rule: 1 }], [{ rule: 'true', optionalOldSelf: 'x' }]]) {
    const schema = { type: 'object', 'x-kubernetes-validations': rules } as unknown as JsonObject;
    t.match(schemaErrors(schema, 'root'), [{ field: 'root.x-kubernetes-validations' }]);
  }
});

t.test(
  'what would hold up the master to compile is refused: one long rule, and too many of them',
  async (t) => {
    const long = `true${' && true'.repeat(14_000)}`;
    t.match(told(root({ a: ruled(text, { rule: long }) })), [
      new RegExp(`expression code point size exceeds limit: size: ${long.length}, limit 100000$`),
    ]);
    const [only = ''] = told(root({ a: ruled(text, { rule: long }) }));
    t.ok(only.length < 15_000, 'and not told in full');
    const many = (count: number, rule = 'true') =>
      told({ ...root({}), 'x-kubernetes-validations': Array.from({ length: count }, () => ({ rule })) });
    t.same(many(2000), []);
    t.match(many(2001), [/^root: Forbidden: too many x-kubernetes-validations: 2001 of 8004 characters/]);
    t.match(many(6, `true || ${'x'.repeat(90_000)}`), [
      /too many x-kubernetes-validations: 6 of 540048 characters/,
    ]);
  },
);
