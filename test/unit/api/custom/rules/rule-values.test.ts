// What rules see of values: types by schema, functions, and the words in which they are refused.
import t from 'tap';
import { definitionErrors } from '../../../../../src/api/custom/rules/definition-errors.ts';
import { RuleValidator } from '../../../../../src/api/custom/rules/rule-validator.ts';
import type { ValidationRule } from '../../../../../src/api/custom/rules/validation-rule.ts';
import type { SchemaProps } from '../../../../../src/api/custom/schema-props.ts';
import type { Json } from '../../../../../src/api/schema/json.ts';

const text: SchemaProps = { type: 'string' };
const whole: SchemaProps = { type: 'integer' };

const properties: Record<string, SchemaProps> = {
  whole,
  real: { type: 'number' },
  flag: { type: 'boolean' },
  text,
  bytes: { type: 'string', format: 'byte' },
  day: { type: 'string', format: 'date' },
  time: { type: 'string', format: 'date-time' },
  span: { type: 'string', format: 'duration' },
  either: { 'x-kubernetes-int-or-string': true, maxLength: 20 },
  texts: { type: 'array', items: text, maxItems: 10 },
  wholes: { type: 'array', items: whole, maxItems: 10 },
  reals: { type: 'array', items: { type: 'number' }, maxItems: 10 },
  labels: { type: 'object', additionalProperties: text, maxProperties: 10 },
  nested: { type: 'object', properties: { a: text, b: { type: 'object', properties: { c: whole } } } },
  parts: {
    type: 'array',
    maxItems: 5,
    items: { type: 'object', properties: { name: { type: 'string', maxLength: 9 }, n: whole } },
  },
  nothing: { ...text, nullable: true },
  unknown: { 'x-kubernetes-preserve-unknown-fields': true },
  'a-b.c/d__e': text,
  namespace: text,
  constructor: text,
};

const self: Json = {
  whole: 3,
  real: 2,
  flag: true,
  text: 'hello',
  bytes: 'aGk=',
  day: '2026-01-31',
  time: '2026-01-31T10:20:30Z',
  span: '90s',
  either: '10%',
  texts: ['a', 'b', 'c'],
  wholes: [1, 2, 2],
  reals: [0.5, 1],
  labels: { app: 'web' },
  nested: { a: 'x', b: { c: 1 } },
  parts: [
    { name: 'one', n: 1 },
    { name: 'two', n: 2 },
  ],
  nothing: null,
  unknown: { any: 1 },
  'a-b.c/d__e': 'escaped',
  namespace: 'ns',
  constructor: 'field',
};

const schemaWith = (...rules: ValidationRule[]): SchemaProps => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties, 'x-kubernetes-validations': rules as unknown as Json[] },
  },
});

const refused = (rule: string) =>
  definitionErrors(schemaWith({ rule }), 'root').map(({ message }) => message.replace(/^.*\)\(nil\)}: /, ''));

const problems = (rule: string | ValidationRule) => {
  const schema = schemaWith(typeof rule === 'string' ? { rule } : rule);
  return new RuleValidator(schema).errors({ spec: self }, undefined).map(({ message }) => message);
};

const HOLD = [
  'self.whole == 3 && self.whole + 1 == 4 && self.whole / 2 == 1',
  'self.real == 2.0 && self.real * 1.5 == 3.0',
  'self.whole > 2.5 && self.flag',
  "self.bytes == b'hi' && self.bytes.size() == 2",
  "self.day < self.time && self.time.getHours() == 10 && self.day == timestamp('2026-01-31T00:00:00Z')",
  "self.span == duration('1m30s') && self.span.getSeconds() == 90",
  "type(self.either) == string && self.either.endsWith('%')",
  "'app' in self.labels && self.labels['app'] == 'web' && self.labels.all(k, k.size() == 3)",
  'has(self.nested.b.c) && !has(self.nested.a) == false',
  "self.nested.b.c == 1 && self.parts.exists(p, p.name == 'two' && p.n == 2)",
  "self.parts.exists_one(p, p.n > 1) && self.parts.map(p, p.name) == ['one', 'two']",
  'self.parts.filter(p, p.n > 1).size() == 1 && self.parts[0] != self.parts[1]',
  'self.nothing == null',
  "self.a__dash__b__dot__c__slash__d__underscores__e == 'escaped'",
  "self.__namespace__ == 'ns'",
  "self.constructor == 'field'",
  'self.wholes.isSorted() && self.wholes.sum() == 5 && self.wholes.max() == 2 && self.wholes.min() == 1',
  'self.reals.sum() == 1.5 && self.wholes.indexOf(2) == 1 && self.wholes.lastIndexOf(2) == 2',
  "self.texts.join('-') == 'a-b-c' && 'b' in self.texts",
  "self.text.charAt(1) == 'e' && self.text.indexOf('l') == 2 && self.text.substring(1, 3) == 'el'",
  "self.text.replace('l', 'L') == 'heLLo' && self.text.replace('l', 'L', 1) == 'heLlo'",
  "'A,b'.lowerAscii().split(',') == ['a', 'b'] && ' x '.trim() == 'x' && 'x'.upperAscii() == 'X'",
  "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2'] && 'a'.find('[0-9]') == ''",
  "'a1b2c3'.findAll('[0-9]', 2) == ['1', '2']",
  "isURL('https://x.io:80/p') && !isURL('x') && url('https://x.io:80/p?q=1').getHost() == 'x.io:80'",
  "url('https://x.io:80/a%20b').getHostname() == 'x.io' && url('https://x.io:80/a').getPort() == '80'",
  "url('https://x.io/a%20b?k=v').getEscapedPath() == '/a%20b' && url('https://x.io/?k=v').getQuery()['k'] == ['v']",
  "isQuantity('1.5Gi') && !isQuantity('x') && quantity('1Gi').isGreaterThan(quantity('1G'))",
  "quantity('1000m').compareTo(quantity('1')) == 0 && quantity('2k').asInteger() == 2000 && quantity('-1').sign() == -1",
  "quantity('1').add(quantity('500m')) == quantity('1.5') && quantity('1').sub(1).isInteger()",
  "isIP('10.0.0.1') && !isIP('10') && ip('10.0.0.1').family() == 4 && ip('::1').isLoopback()",
  "ip('8.8.8.8').isGlobalUnicast() && !ip('ff02::1').isGlobalUnicast() && ip('fe80::1').isLinkLocalUnicast()",
  "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))",
  "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.0.0.0/8').prefixLength() == 8 && isCIDR('::/0')",
  "'%s is %d of %s'.format(['x', 3, [1, 2]]) == 'x is 3 of [1, 2]' && '%.2f'.format([1.005]) == '1.00'",
  'cel.bind(n, self.whole + 1, n == 4)',
  "self.?text.orValue('none') == 'hello' && self.whole == 3 ? true : false",
  'self.whole == 3 || self.wholes[9] == 1',
  "string(self.whole) == '3' && int('3') == self.whole && double(self.whole) == 3.0",
  "self.text.matches('(?i)^HE') && 'HI'.find('(?i)h') == 'H' && 'ab'.matches(r'\\Aab\\z')",
  "self.text.matches('^h[a-z]+$') && size(self.text) == 5 && self.text.contains('ell')",
];

t.test('rules see values with the types of their schema, and Kubernetes functions', async (t) => {
  for (const rule of HOLD) {
    t.strictSame(
      refused(rule).filter((message) => !message.includes('exceeds budget')),
      [],
      rule,
    );
    t.strictSame(problems(rule), [], rule);
  }
});

const FAIL: [string, string][] = [
  ['self.wholes[9] == 1', 'index out of bounds'],
  ["self.labels['x'] == 'y'", 'no such key: x evaluating rule'],
  ['self.whole / 0 == 1', 'division by zero evaluating rule'],
  ["quantity('x').isInteger()", 'evaluating rule'],
  ["ip('x').family() == 4", 'evaluating rule'],
  ['[].max() == 1', 'max called on empty list'],
  ["self.text.charAt(9) == ''", 'index out of range: 9'],
  ['self.either > 3', 'no such overload'],
];

t.test('what cannot be evaluated is told with its rule', async (t) => {
  for (const [rule, words] of FAIL) {
    const [message = ''] = problems(rule);
    t.ok(message.startsWith('Invalid value: "object": ') && message.includes(words), `${rule}: ${message}`);
  }
});

const REFUSED: [string, string][] = [
  ['self.missing == 1', "undefined field 'missing'"],
  ['has(self.nested.missing)', "undefined field 'missing'"],
  ['self.parts.all(p, has(p.missing))', "undefined field 'missing'"],
  ['self.toString == 1', "undefined field 'toString'"],
  ["self.text.matches('(')", 'error parsing regexp'],
  ['self.unknown == 1', "undefined field 'unknown'"],
  ['missing == 1', "undeclared reference to 'missing' (in container '')"],
  ['self.text.missing()', "undeclared reference to 'missing' (in container '')"],
  ['self.text + 1 == 2', "found no matching overload for '_+_' applied to '(string, int)'"],
  ["self.whole == 'x'", "found no matching overload for '_==_' applied to '(int, string)'"],
  ['self.whole.startsWith(1)', "found no matching overload for 'startsWith' applied to 'int.(int)'"],
  ['!self.whole', "found no matching overload for '!_' applied to '(int)'"],
  ['self.whole', 'cel expression must evaluate to a bool'],
  ['self.whole ==', 'Syntax error'],
  ["self.text == 'x", 'Syntax error'],
];

t.test('what does not fit the schema does not compile', async (t) => {
  for (const [rule, words] of REFUSED) {
    const [message = ''] = refused(rule);
    t.ok(message.includes(words), `${rule}: ${message}`);
  }
});

t.test('a message comes from an expression, or from the rule where that fails', async (t) => {
  const rule = 'self.whole > 5';
  t.strictSame(problems({ rule, messageExpression: "'got ' + string(self.whole)" }), [
    'Invalid value: "object": got 3',
  ]);
  const failing = 'string(self.wholes[7])';
  t.strictSame(problems({ rule, message: 'too few', messageExpression: failing }), [
    'Invalid value: "object": too few',
  ]);
  t.strictSame(problems({ rule, messageExpression: "' '" }), [
    `Invalid value: "object": failed rule: ${rule}`,
  ]);
});

t.test('a rule may say its reason and the field that is told', async (t) => {
  const told = (more: Partial<ValidationRule>) =>
    new RuleValidator(schemaWith({ rule: 'self.whole > 5', message: 'no', ...more })).errors(
      { spec: self },
      undefined,
    );
  t.strictSame(told({ reason: 'FieldValueRequired', fieldPath: '.nested.b' }), [
    { reason: 'FieldValueRequired', field: 'spec.nested.b', message: 'Required value: no' },
  ]);
  t.match(told({ reason: 'FieldValueForbidden', fieldPath: ".labels['a.b']" }), [
    { field: 'spec.labels[a.b]', message: 'Forbidden: no' },
  ]);
  t.match(told({ reason: 'FieldValueDuplicate' }), [{ field: 'spec', message: 'Duplicate value: "object"' }]);
});
