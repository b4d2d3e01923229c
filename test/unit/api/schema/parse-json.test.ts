import fc from 'fast-check';
import t from 'tap';
import { parseJson } from '../../../../src/api/schema/parse-json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

t.test('a duplicate key is named by its path, once', async (t) => {
  const cases: [string, string[]][] = [
    ['{"spec":{"replicas":1,"replicas":2,"replicas":3}}', ['duplicate field "spec.replicas"']],
    ['{"a":[{"b":1},{"b":1,"b":2}],"a":0}', ['duplicate field "a[1].b"', 'duplicate field "a"']],
    ['{"a":1,"\\u0061":2}', ['duplicate field "a"']],
    ['{"a\\"":1,"a\\\\":2,"a\\"":3}', ['duplicate field "a""']],
    ['{"a":"a","b":"a","c":["a","a"]}', []],
    ['[[[{"x":{"y":1,"y":1}}]]]', ['duplicate field "[0][0][0].x.y"']],
    ['{"a":{"x":1},"b":{"x":1}}', []],
    ['"{\\"a\\":1,\\"a\\":2}"', []],
    [' { "a" : "}{][,\\\\" , "a" : [ ] } ', ['duplicate field "a"']],
  ];
  for (const [text, duplicates] of cases) t.same(parseJson(text).duplicateFields, duplicates, text);
});

t.test('what it parses is what JSON.parse parses, and generated JSON has no duplicates', async () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 0, max: 2 }), (text, indent) => {
      const value: unknown = JSON.parse(text);
      const parsed = parseJson(bytes(JSON.stringify(value, undefined, indent)));
      return JSON.stringify(parsed.value) === JSON.stringify(value) && parsed.duplicateFields.length === 0;
    }),
  );
});

t.test('every key given twice is found', async () => {
  const key = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 1 }), fc.jsonValue({ maxDepth: 2 }), (keys, value) => {
      const members = [...keys, keys[0]].map((name) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
      const { duplicateFields } = parseJson(`{${members.join(',')}}`);
      return duplicateFields.length === 1 && duplicateFields[0] === `duplicate field "${keys[0]}"`;
    }),
  );
});

t.test('ten thousand levels, bad UTF-8 and bad JSON are each a 400', async (t) => {
  const refused = (body: string | Uint8Array, message: RegExp) =>
    t.throws(() => parseJson(body), { code: 400, reason: 'BadRequest', message });
  refused('['.repeat(10_000) + ']'.repeat(10_000), /nested deeper/);
  refused(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, /nested deeper/);
  refused('['.repeat(10_000), /not valid JSON/);
  refused(Uint8Array.of(0x22, 0xc3, 0x28, 0x22), /not valid UTF-8/);
  refused(Uint8Array.of(0x22, 0xff, 0x22), /not valid UTF-8/);
  for (const text of ['', '{', '{"a":1,}', "{'a':1}", 'NaN', '{"a":1}x', '"\u0001"'])
    refused(text, /not valid JSON/);
  t.same(parseJson('['.repeat(200) + ']'.repeat(200)).duplicateFields, []);
});
