import t from 'tap';
import { parseYaml } from '../../../../src/apiserver/http/parse-yaml.ts';

t.test('keys that stand twice are told with their lines, and the last one counts', async (t) => {
  const body = Buffer.from('\na: 1\nspec:\n  foo: foo1\n  foo: foo2\n  list:\n  - b: 1\n    b: 2\n');
  t.same(parseYaml(body), {
    value: { a: 1, spec: { foo: 'foo2', list: [{ b: 2 }] } },
    duplicateFields: ['line 5: key "foo" already set in map', 'line 8: key "b" already set in map'],
  });
});

t.test('one document with each key once has nothing to tell', async (t) => {
  t.same(parseYaml(Buffer.from('a: {b: [1, c]}')), { value: { a: { b: [1, 'c'] } }, duplicateFields: [] });
});

t.test('what is no single document is refused in one line', async (t) => {
  for (const text of ['a: 1\n---\nb: 2', 'a: [', '\u0000: : :']) {
    t.throws(() => parseYaml(Buffer.from(text)), {
      code: 400,
      message: /^the body is not valid YAML: [^\n]+$/,
    });
  }
});

t.test('of very many such keys the first hundred are told', async (t) => {
  const { duplicateFields, value } = parseYaml(Buffer.from('a: 1\n'.repeat(5_000)));
  t.equal(duplicateFields.length, 100);
  t.equal(duplicateFields[0], 'line 2: key "a" already set in map');
  t.same(value, { a: 1 });
});
