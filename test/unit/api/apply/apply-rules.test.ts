// The rules of server-side apply one by one: what sets of fields are, what an apply claims, where items stand.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
import t from 'tap';
import { applyTypeOf } from '../../../../src/api/apply/apply-type.ts';
import { compareFields } from '../../../../src/api/apply/compare-fields.ts';
import { difference, intersection, isFieldSet, pathsOf, union } from '../../../../src/api/apply/field-set.ts';
import { fieldsOf } from '../../../../src/api/apply/fields-of.ts';
import { readOwners } from '../../../../src/api/apply/managed-fields.ts';
import { mergeConfig } from '../../../../src/api/apply/merge-config.ts';
import { pruneFields } from '../../../../src/api/apply/prune-fields.ts';
import type { JsonObject } from '../../../../src/api/schema/json.ts';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';

const schema = await loadSchema();
const pod = applyTypeOf(schema, { group: '', version: 'v1', kind: 'Pod' });
const service = applyTypeOf(schema, { group: '', version: 'v1', kind: 'Service' });
const containers = (...list: object[]) => ({ spec: { containers: list } }) as JsonObject;

t.test('a set holds a parent and its children apart', async (t) => {
  const both = { 'f:a': { '.': {}, 'f:b': {} } };
  const child = { 'f:a': { 'f:b': {} } };
  t.same(difference(both, child), { 'f:a': {} });
  t.same(difference(both, { 'f:a': {} }), child);
  t.same(intersection(both, { 'f:a': {} }), { 'f:a': {} });
  t.same(union({ 'f:a': {} }, child), both);
  t.same(difference(both, both), {});
});

t.test('a path reads as upstream writes it', async (t) => {
  const set = {
    'f:spec': {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
      'f:finalizers': { 'v:"x/y"': {} },
    },
  };
  t.same(pathsOf(set), [
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
    '.spec.finalizers[="x/y"]',
  ]);
});

t.test('what no server wrote is no set', async (t) => {
  for (const value of [null, [], 'x', { a: {} }, { 'f:a': 1 }, { 'k:{': {} }, { 'k:1': {} }, { 'i:x': {} }]) {
    t.equal(isFieldSet(value), false, JSON.stringify(value));
  }
  t.ok(isFieldSet({ '.': {}, 'f:': {}, 'v:1': {}, 'i:3': {} }));
  t.equal(readOwners([{ manager: 'x', operation: 'Steal', apiVersion: 'v1' }]), undefined);
});

t.test('a configuration claims what it says, in the units of its kind', async (t) => {
  const fields = fieldsOf(pod, {
    metadata: { labels: { a: 'b' }, finalizers: ['x/y'] },
    spec: {
      nodeSelector: { disk: 'ssd' },
      securityContext: {},
      containers: [{ name: 'web', env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } }] }],
      tolerations: [{ key: 'a' }],
      volumes: [],
    },
  } as JsonObject);
  t.same(fields, {
    'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:finalizers': { 'v:"x/y"': {} } },
    'f:spec': {
      'f:nodeSelector': {},
      'f:securityContext': {},
      'f:containers': {
        'k:{"name":"web"}': {
          '.': {},
          'f:name': {},
          'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:valueFrom': { 'f:fieldRef': {} } } },
        },
      },
      'f:tolerations': {},
    },
  });
});

t.test('a port without a protocol is the TCP port that is there', async (t) => {
  const live = { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 30_000 }] } };
  const merged = mergeConfig(service, live, { spec: { ports: [{ port: 80, name: 'http' }] } });
  t.same(merged, { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 30_000, name: 'http' }] } });
});

t.test('applied items come in their order, others keep their place among them', async (t) => {
  const names = (object: JsonObject) =>
    ((object.spec as JsonObject).containers as JsonObject[]).map(({ name }) => name).join('');
  const list = (text: string) => containers(...[...text].map((name) => ({ name })));
  t.equal(names(mergeConfig(pod, list('abc'), list('ca'))), 'cba');
  t.equal(names(mergeConfig(pod, list('ab'), list('xb'))), 'axb');
  t.equal(names(mergeConfig(pod, list(''), list('yx'))), 'yx');
  t.equal(names(mergeConfig(pod, list('abc'), list(''))), 'abc');
});

t.test('a list that holds two of one key is looked at as a whole', async (t) => {
  const twice = containers({ name: 'a', image: '1' }, { name: 'a', image: '2' });
  const once = containers({ name: 'a', image: '1' });
  t.same(compareFields(pod, twice, once).modified, { 'f:spec': { 'f:containers': {} } });
  t.same(compareFields(pod, twice, structuredClone(twice)), { added: {}, modified: {}, removed: {} });
});

t.test('an item keeps what tells it apart as long as somebody owns it', async (t) => {
  const item = 'k:{"name":"a"}';
  const last = { 'f:spec': { 'f:containers': { [item]: { '.': {}, 'f:name': {}, 'f:image': {} } } } };
  const other = { 'f:spec': { 'f:containers': { [item]: { '.': {} } } } };
  const live = containers({ name: 'a', image: '1' });
  t.same(pruneFields(pod, live, last, other), containers({ name: 'a' }));
  t.same(pruneFields(pod, live, last, {}), {});
});

t.test('what a value does not fit is owned as a whole', async (t) => {
  t.same(fieldsOf(pod, { spec: { containers: 'none' } }), { 'f:spec': { 'f:containers': {} } });
  t.same(compareFields(pod, { spec: 'x' }, { spec: { a: 1 } }).modified, { 'f:spec': {} });
});
