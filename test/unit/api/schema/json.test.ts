import fc from 'fast-check';
import t from 'tap';
import { jsonEqual } from '../../../../src/api/schema/json.ts';

t.test('equal means: the same JSON, whatever the order of fields', async () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => jsonEqual(value, JSON.parse(JSON.stringify(value)))));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
      const sorted = (value: unknown): string =>
        JSON.stringify(value, (_, v) =>
          v && typeof v === 'object' && !Array.isArray(v)
            ? Object.fromEntries(Object.entries<unknown>(v).sort(byName))
            : v,
        );
      return jsonEqual(a, b) === (sorted(a) === sorted(b));
    }),
  );
});

t.test('a field that is undefined counts as absent, one that is inherited too', async (t) => {
  t.ok(jsonEqual({ a: undefined }, {}));
  t.ok(jsonEqual({}, { a: undefined }));
  t.notOk(jsonEqual({ a: null }, {}));
  t.notOk(jsonEqual({ toString: 1 }, {}));
  t.notOk(jsonEqual({}, { toString: 1 }));
});
