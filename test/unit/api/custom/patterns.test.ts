// Patterns of custom kinds: RE2's forms are understood, and none holds up the master.
import t from 'tap';
import { isPattern, matches, searched } from '../../../../src/api/custom/patterns.ts';
import { RuleValidator } from '../../../../src/api/custom/rules/rule-validator.ts';
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

t.test('what matches is found, the first or all, in short texts and long ones', async (t) => {
  const text = 'a1 b22 c333';
  const long = `${text}${' '.repeat(2000)}`;
  for (const given of [text, long]) {
    t.same(searched('[a-z]\\d+', given, 1), ['a1']);
    t.same(searched('[a-z]\\d+', given), ['a1', 'b22', 'c333']);
    t.same(searched('x', given), []);
  }
  t.equal(searched('^([a-z]{1,63})*$', `${'a'.repeat(60)}!`, 1), undefined);
});

t.test('no rule searches for longer either, whatever it searches with', async (t) => {
  const hostile = "'^([a-z]{1,63})*$'";
  for (const rule of [
    `!self.text.matches(${hostile})`,
    `self.text.find(${hostile}) == ''`,
    `self.text.findAll(${hostile}).size() == 0`,
  ]) {
    const rules = [{ rule }, { rule: "self.text.matches('^' + self.pattern + '$')" }];
    const schema: SchemaProps = {
      type: 'object',
      properties: { text: { type: 'string' }, pattern: { type: 'string' } },
      'x-kubernetes-validations': rules,
    };
    const validator = new RuleValidator(schema);
    const told = (text: string, pattern: string) =>
      validator.errors({ text, pattern }, undefined).map(({ message }) => message);
    t.same(told('ab1', 'ab[0-9]'), []);
    t.match(told(`${'a'.repeat(60)}!`, '([a-z]{1,63})*'), [/searches for too long/, /searches for too long/]);
  }
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
