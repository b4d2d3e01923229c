import t from 'tap';
import { evaluate, parseJsonPath, setAt } from '../../../../src/api/custom/json-path.ts';
import { compareVersions } from '../../../../src/api/custom/version-order.ts';
import type { Json, JsonObject } from '../../../../src/api/schema/json.ts';

const object: JsonObject = {
  metadata: { annotations: { 'example.com/owner': 'me' } },
  spec: {
    list: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
};

const at = (path: string, root: Json = object) => evaluate(parseJsonPath(path) ?? [], root);

t.test('paths reach keys, items and filtered items', async (t) => {
  t.strictSame(at('.spec.list[1].name'), ['b']);
  t.strictSame(at('{.spec.list[0].port}'), [1]);
  t.strictSame(at('.spec.list[*].name'), ['a', 'b']);
  t.strictSame(at('.spec.list[-1].name'), ['b']);
  t.strictSame(at('.metadata.annotations.example\\.com/owner'), ['me']);
  t.strictSame(at(".metadata.annotations['example.com/owner']"), ['me']);
  t.strictSame(at('.status.conditions[?(@.type=="Ready")].status'), ['True']);
  t.strictSame(at('.status.conditions[?(@.type!="Ready")].status'), ['False']);
  t.strictSame(at('.status.nothing.here'), []);
  t.strictSame(at('.constructor.name'), [], 'the prototype is not part of the object');
});

t.test('what the subset cannot read is not read wrong', async (t) => {
  for (const path of ['', 'spec', '.spec[', '.spec[a:b]', '..name', '.spec.list[?(@.a > 1)]', '.a b[']) {
    t.equal(parseJsonPath(path), undefined, path);
  }
});

t.test('a path of keys can be set, and makes what is on its way', async (t) => {
  const root: JsonObject = {};
  setAt(parseJsonPath('.spec.scale.replicas')!, root, 3);
  t.strictSame(root, { spec: { scale: { replicas: 3 } } });
  t.throws(() => setAt(parseJsonPath('.spec[0]')!, root, 3));
});

t.test('versions are ordered as upstream orders them', async (t) => {
  const names = ['v1alpha1', 'foo', 'v2', 'v1beta2', 'v10', 'v1', 'v1beta10', 'bar'];
  t.strictSame(names.sort(compareVersions), [
    'v10',
    'v2',
    'v1',
    'v1beta10',
    'v1beta2',
    'v1alpha1',
    'bar',
    'foo',
  ]);
});
