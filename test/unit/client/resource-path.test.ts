import t from 'tap';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';
import { collectionPath, objectPath, withQuery } from '../../../src/client/resource-path.ts';

const pod = pods as unknown as KindDefinition;
const node = nodes as unknown as KindDefinition;

t.test('paths are those of Kubernetes', async (t) => {
  t.equal(collectionPath(pod), '/api/v1/pods');
  t.equal(collectionPath(pod, 'ns'), '/api/v1/namespaces/ns/pods');
  t.equal(
    collectionPath({ ...pod, group: 'apps', plural: 'deployments' }, 'ns'),
    '/apis/apps/v1/namespaces/ns/deployments',
  );
  t.equal(objectPath(pod, 'ns/a', 'status'), '/api/v1/namespaces/ns/pods/a/status');
  t.equal(objectPath(node, 'board'), '/api/v1/nodes/board');
});

t.test('a name can not climb out of its path', async (t) => {
  t.equal(objectPath(node, '..?x#y'), '/api/v1/nodes/..%3Fx%23y');
});

t.test('only parameters with a value are sent, encoded', async (t) => {
  t.equal(withQuery('/x', {}), '/x');
  t.equal(withQuery('/x', { a: undefined, b: '', c: 'd=e,f', g: 1 }), '/x?c=d%3De%2Cf&g=1');
});
