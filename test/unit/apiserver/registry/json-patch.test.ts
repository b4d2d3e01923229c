// JSON patch as the API server applies it: never more work or memory than the patch and the object are worth.
import t from 'tap';
import type { Json } from '../../../../src/api/schema/json.ts';
import { StatusError } from '../../../../src/api/status-error.ts';
import { loadJsonPatch } from '../../../../src/apiserver/registry/json-patch.ts';

const apply = await loadJsonPatch();

function refusal(current: Json, operations: readonly unknown[]): StatusError {
  try {
    apply(current, operations);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('the patch was applied');
}

t.test('every operation does what RFC 6902 says and leaves its input alone', async (t) => {
  const current = { a: { b: 'x' }, list: ['1', '2'], 'a/b': 'slash' };
  const operations = [
    { op: 'test', path: '/a/b', value: 'x' },
    { op: 'copy', from: '/a', path: '/c' },
    { op: 'replace', path: '/c/b', value: 'y' },
    { op: 'move', from: '/list/0', path: '/list/-' },
    { op: 'copy', from: '/a~1b', path: '/d' },
    { op: 'remove', path: '/a~1b' },
    { op: 'add', path: '/list/1', value: '3' },
  ];
  t.same(apply(current, operations), { a: { b: 'x' }, c: { b: 'y' }, list: ['2', '3', '1'], d: 'slash' });
  t.same(current, { a: { b: 'x' }, list: ['1', '2'], 'a/b': 'slash' });
});

t.test('copies of copies are refused before they fill the memory', async (t) => {
  const doubling = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/y${i}` }));
  const error = refusal({ data: { x: 'a'.repeat(100) } }, doubling);
  t.equal(error.code, 413);
  t.match(error.message, /may copy 3145728 bytes in all/);
});

t.test('thousands of moves in a large object take no copy of it each', { timeout: 20_000 }, async (t) => {
  const current = { data: { big: 'a'.repeat(1_000_000), k0: 'v' } };
  const moves = Array.from({ length: 9000 }, (_, i) => ({
    op: 'move',
    from: `/data/k${i}`,
    path: `/data/k${i + 1}`,
  }));
  const moved = apply(current, moves) as typeof current & { data: Record<string, string> };
  t.same(Object.keys(moved.data), ['big', 'k9000']);
});

t.test('a source that is not there, or not its own, is 422', async (t) => {
  const current: Json = { data: { a: '1' }, list: [{ a: '1' }, { b: '2' }] };
  for (const from of ['/none', '/data/toString', '/list/-', '/list/7', '/data/a/b']) {
    t.equal(refusal(current, [{ op: 'copy', from, path: '/data/x' }]).code, 422, from);
  }
  t.equal(refusal(current, [{ op: 'move', from: '/data', path: '/data/x' }]).code, 422);
  t.equal(refusal(current, [{ op: 'move', from: '/list/0', path: '/list/1/x' }]).code, 422);
});

t.test('a path through a prototype is 400 in words that a client can use', async (t) => {
  const error = refusal({ data: {} }, [{ op: 'add', path: '/__proto__/x', value: '1' }]);
  t.equal(error.code, 400);
  t.match(error.message, /no path may go through __proto__/);
  t.notMatch(error.message, /banPrototypeModifications/);
});
