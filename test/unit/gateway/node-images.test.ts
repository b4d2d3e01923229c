// What a board holds, in its Node's status.
import t from 'tap';
import type { Node } from '../../../src/api/objects.ts';
import { readImages } from '../../../src/gateway/board-messages.ts';
import { statusImages, withImages } from '../../../src/gateway/node-images.ts';
import { registrySecrets } from '../../../src/gateway/registry-secrets.ts';

const metadata = { name: 'pi', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
const node: Node = { apiVersion: 'v1', kind: 'Node', metadata, spec: {} };

t.test('the 50 largest are shown, and nothing is written when nothing changed', async (t) => {
  const images = Array.from({ length: 60 }, (_, i) => ({ id: `${i}`, names: [`r/i:${i}`], sizeBytes: i }));
  const shown = statusImages({ session: 's', architecture: 'arm64', images });
  t.equal(shown.length, 50);
  t.same(shown[0], { names: ['r/i:59'], sizeBytes: 59 });
  const told = withImages(node, shown);
  t.same(told.status?.images, shown);
  t.equal(withImages(told, structuredClone(shown)), told);
  t.equal(withImages(node, undefined), node);
});

t.test('what is no image is left out of a report', async (t) => {
  const read = readImages({
    session: 's',
    architecture: 'arm64',
    images: [{ id: 1 }, { id: 'i', names: ['n', 2] }],
  });
  t.same(read?.images, [{ id: 'i', names: ['n'], sizeBytes: 0 }]);
  t.equal(readImages({ session: 's' }), undefined);
});

t.test('Secrets that the ConfigMap of registries names go to all boards', async (t) => {
  const text = 'configs:\n  r:\n    auth: { secretName: "regcred" }\n  s: {auth: {secretName: other}}\n';
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'registries.yaml': text } };
  t.same([...registrySecrets(config)], ['kube-system/regcred', 'kube-system/other']);
  t.equal(registrySecrets(undefined).size, 0);
});
