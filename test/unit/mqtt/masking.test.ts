import fc from 'fast-check';
import t from 'tap';
import type { KubeObject } from '../../../src/api/objects.ts';
import { maskEnvironment, maskSecret } from '../../../src/mqtt/masking.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const metadata = {
  name: 's',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
  annotations: { [lastApplied]: '{"value":"hunter2"}', note: 'kept' },
};

t.test(
  'values of variables are hidden wherever a pod template stands, names and references stay',
  async (t) => {
    const env = [
      { name: 'A', value: 'hunter2' },
      { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ];
    const rc = {
      metadata,
      spec: { template: { spec: { initContainers: [{ env }], containers: [{ name: 'c', env }] } } },
    };
    const text = JSON.stringify(maskEnvironment(rc));
    t.notMatch(text, 'hunter2');
    t.match(text, '{"name":"A","value":"***"}');
    t.match(text, 'secretKeyRef');
    t.match(text, '"note":"kept"');
    t.match(JSON.stringify(rc), 'hunter2', 'the object itself is left alone');
  },
);

t.test('of a Secret its metadata, type and key names are left, whatever it holds', async (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ minLength: 12 })), (data) => {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: 'Opaque',
        data,
        stringData: data,
      } as KubeObject;
      const masked = maskSecret(secret) as KubeObject & { data: Record<string, string> };
      t.same(Object.keys(masked.data).sort(), Object.keys(data).sort());
      t.ok(Object.values(masked.data).every((value) => value === '***'));
      t.notOk('stringData' in masked);
      t.notMatch(JSON.stringify(masked), 'hunter2');
    }),
  );
});
