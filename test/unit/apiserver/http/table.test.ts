// Every kind of the scheme can be shown, also an object that is as bare as can be.
import t from 'tap';
import type { KubeObject } from '../../../../src/api/objects.ts';
import { allKinds } from '../../../../src/api/scheme-table.ts';
import { includeObject, tableOf } from '../../../../src/apiserver/http/table.ts';

t.test('each kind has a Name column first, and a cell for every column', async (t) => {
  for (const kind of allKinds) {
    const spec = { containers: [], ports: [], template: { metadata: {}, spec: { containers: [] } } };
    const bare = {
      kind: kind.kind,
      apiVersion: 'v1',
      metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec,
      involvedObject: {},
    } as unknown as KubeObject;
    kind.setDefaults?.(bare);
    const options = { version: 'v1', includeObject: 'None', nowMs: 0, withColumns: true } as const;
    const table = tableOf(kind, [bare], {}, options) as {
      columnDefinitions: { name: string; priority: number }[];
      rows: { cells: unknown[] }[];
    };
    const columns = table.columnDefinitions;
    t.ok(columns.length > 0, kind.kind);
    t.equal(table.rows[0]?.cells.length, columns.length, kind.kind);
    t.ok(
      table.rows[0]?.cells.every((cell) => ['string', 'number', 'boolean'].includes(typeof cell)),
      `${kind.kind}: ${JSON.stringify(table.rows[0])}`,
    );
  }
});

t.test('includeObject is one of three words', async (t) => {
  t.equal(includeObject(new URLSearchParams()), 'Metadata');
  t.equal(includeObject(new URLSearchParams('includeObject=Object')), 'Object');
  t.throws(() => includeObject(new URLSearchParams('includeObject=All')), { code: 400 });
});
