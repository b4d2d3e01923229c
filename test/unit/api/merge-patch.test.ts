import t from 'tap';
import { applyMergePatch } from '../../../src/api/merge-patch.ts';
import type { Json } from '../../../src/api/schema/json.ts';

t.test('the cases of RFC 7386, appendix A', async (t) => {
  const cases: [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [current, patch, result] of cases) {
    const before = JSON.stringify([current, patch]);
    t.same(applyMergePatch(current, patch), result, before);
    t.equal(JSON.stringify([current, patch]), before, 'the arguments stay as they are');
  }
});

t.test('a key named __proto__ stays a key', async (t) => {
  const merged = applyMergePatch(
    { a: 1 },
    JSON.parse('{"__proto__":{"b":1},"constructor":{"c":1}}'),
  ) as object;
  t.equal(Object.getPrototypeOf(merged), Object.prototype);
  t.equal(JSON.stringify(merged), '{"a":1,"__proto__":{"b":1},"constructor":{"c":1}}');
});
