import fc from 'fast-check';
import t from 'tap';
import { keyOfLevels, levelsOf, topics } from '../../../src/mqtt/topics.ts';

t.test('any name comes back from its topic, which has a fixed depth and no wildcard', async (t) => {
  const name = fc.string({ minLength: 1 }).filter((text) => !text.includes('/') && text !== '_');
  fc.assert(
    fc.property(name, name, name, (node, namespace, pod) => {
      const topic = topics.observedPod(node, `${namespace}/${pod}`);
      const [, found, , , ...key] = levelsOf(topic) ?? [];
      t.equal(found, node);
      t.equal(keyOfLevels(key[0] ?? '', key[1] ?? ''), `${namespace}/${pod}`);
      t.equal(topic.split('/').length, 8);
      t.notMatch(topic, /[+#\0]/);
    }),
  );
});

t.test('a cluster-scoped object stands under _', async (t) => {
  t.equal(topics.object('', 'nodes', 'pi'), 'edge/v1/objects/core/nodes/_/pi');
  t.equal(topics.object('apps', 'deployments', 'd/x'), 'edge/v1/objects/apps/deployments/d/x');
  t.equal(levelsOf('elsewhere/v1'), undefined);
});
