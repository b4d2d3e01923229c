import fc from 'fast-check';
import t from 'tap';
import { jsonLines } from '../../../src/client/json-lines.ts';

async function read(chunks: readonly Buffer[]): Promise<unknown[]> {
  const values: unknown[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const value of jsonLines(source)) values.push(value);
  return values;
}

t.test('lines are read whole however the bytes are cut, inside a character too', async () => {
  const lines = fc.array(fc.record({ text: fc.string({ unit: 'binary' }) }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 1, max: 7 }), async (values, size) => {
      const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const expected = JSON.stringify(values.map((value) => JSON.parse(JSON.stringify(value))));
      if (JSON.stringify(await read(chunks)) !== expected) throw new Error('lines differ');
    }),
  );
});

t.test('empty lines are passed over and an unfinished last line is dropped', async (t) => {
  t.same(await read([Buffer.from('{"a":1}\n\n{"a":2}\n{"a":')]), [{ a: 1 }, { a: 2 }]);
});

t.test('a line that is no JSON is an error', async (t) => {
  await t.rejects(read([Buffer.from('<html>\n')]), SyntaxError);
});
