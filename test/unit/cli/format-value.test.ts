// Whole objects as people read them: without the record of who owns which field.
import t from 'tap';
import { formatValue } from '../../../src/cli/format-value.ts';

const object = (name: string) => ({
  metadata: { name, managedFields: [{ manager: 'kubectl' }] },
  data: { managedFields: 'a key like any other' },
});

t.test('the owners of fields are left out, of an object and of a list', async (t) => {
  const shown = { metadata: { name: 'a' }, data: { managedFields: 'a key like any other' } };
  t.same(JSON.parse(await formatValue(object('a'), 'json')), shown);
  const list = { kind: 'List', metadata: {}, items: [object('a')] };
  t.same(JSON.parse(await formatValue(list, 'json')), { ...list, items: [shown] });
  t.notMatch(await formatValue(object('a'), 'yaml'), /kubectl/);
});
