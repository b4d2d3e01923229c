import t from 'tap';
import { allKinds, kindByResource } from '../../../src/api/scheme-table.ts';

t.test('a kind is found by its path', async (t) => {
  t.equal(kindByResource('', 'v1', 'pods')?.kind, 'Pod');
  t.equal(kindByResource('apps', 'v1', 'pods'), undefined);
});

t.test('no two kinds share a name that a person may type', async (t) => {
  const names = allKinds.flatMap((k) => [...new Set([k.plural, k.singular, ...k.shortNames])]);
  t.equal(new Set(names).size, names.length);
});

t.test('every kind shows its name first and answers for an object with nothing in it', async (t) => {
  for (const kind of allKinds) {
    t.ok(
      kind.columns.some((column) => column.name === 'Name'),
      kind.kind,
    );
    const metadata = { name: 'a', namespace: 'default', uid: '', resourceVersion: '', creationTimestamp: '' };
    const object = { apiVersion: 'v1', kind: kind.kind, metadata, involvedObject: {} };
    kind.setDefaults?.(object);
    t.doesNotThrow(() => kind.columns.map((column) => column.value(object, 0)), kind.kind);
    t.doesNotThrow(() => kind.validate?.(object), kind.kind);
    for (const [field, read] of Object.entries(kind.selectableFields ?? {}))
      t.type(read(object), 'string', field);
  }
});
