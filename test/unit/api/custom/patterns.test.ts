// Patterns of custom kinds: RE2's forms are understood, and none holds up the master.
import t from 'tap';
import { isPattern, matches } from '../../../../src/api/custom/patterns.ts';
import type { SchemaProps } from '../../../../src/api/custom/schema-props.ts';
import { valueErrors } from '../../../../src/api/custom/value-errors.ts';

t.test('RE2’s own forms are read', async (t) => {
  t.equal(matches('(?i)^abc$', 'ABC'), true);
  t.equal(matches('\\Aabc\\z', 'abcd'), false);
  t.equal(matches('^(?P<name>a+)$', 'aa'), true);
  t.ok(isPattern('(?i)x'));
  t.notOk(isPattern('('));
});

t.test('long texts and nested repeats are searched as any other', async (t) => {
  const host = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
  t.equal(matches(host, 'gateway.networking.example.com'), true);
  t.equal(matches(host, 'gateway.networking.example.com.'), false);
  t.equal(matches('"\'\u2028$', `${'x'.repeat(2000)}"'\u2028`), true, 'whatever the text is made of');
});

t.test('a pattern that would search for years is given up, and refuses the value', async (t) => {
  for (const pattern of ['^([a-z]{1,63}\\.?)*$', '^(a|aa)+$', '^(?:x*|[a-z]+)+$']) {
    t.equal(matches(pattern, `${'a'.repeat(60)}!`), undefined, pattern);
  }
  const pattern = '^([a-z]{1,63})*$';
  const node: SchemaProps = {
    type: 'object',
    properties: {
      first: { type: 'integer' },
      names: { type: 'array', items: { anyOf: [{ pattern }, { pattern: '^x$' }], type: 'string' } },
    },
  };
  const names = Array.from({ length: 50 }, () => `${'a'.repeat(60)}!`);
  t.match(valueErrors(node, { first: 'x', names }, ''), [
    { field: 'first' },
    {
      field: '',
      message: `value in body takes too long to check: '${pattern}' searches names[0] for too long`,
    },
  ]);
});

t.test('a schema that looks at each of many values very often ends too', async (t) => {
  const alternatives = Array.from({ length: 1000 }, (_, i) => ({ enum: [`v${i}`] }));
  const node: SchemaProps = { type: 'array', items: { type: 'string', anyOf: alternatives } };
  const fitting = (length: number) =>
    valueErrors(
      node,
      Array.from({ length }, () => 'v999'),
      '',
    );
  t.same(fitting(400), []);
  t.match(fitting(1000), [{ message: /takes too long to check: its schema looks at too many values/ }]);
});
