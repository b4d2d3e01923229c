import t from 'tap';
import { SchedulerCache } from '../../../src/scheduler/scheduler-cache.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { storageOf } from '../../support/scheduler-world.ts';

function setUp() {
  const cache = new SchedulerCache();
  cache.setNode(makeNode({ name: 'a' }));
  const load = () =>
    cache
      .world({ storage: storageOf({}), namespaceLabels: () => ({}) })
      .usages.flatMap(({ node, pods }) => [...pods.keys()].map((uid) => `${node.metadata.name} ${uid}`));
  return { cache, load };
}

t.test('a pod that was just placed counts at once, and once only when its binding is heard of', async (t) => {
  const { cache, load } = setUp();
  cache.assume(makePod(), 'a');
  t.same(load(), ['a uid-pod']);
  cache.setPod(makePod());
  t.same(load(), ['a uid-pod'], 'news from before the binding changes nothing');
  cache.setPod(makePod({ nodeName: 'a' }));
  t.same(load(), ['a uid-pod']);
  cache.forget('uid-pod');
  t.same(load(), ['a uid-pod'], 'it is no assumption any more');
});

t.test('a binding that failed is taken back', async (t) => {
  const { cache, load } = setUp();
  cache.assume(makePod(), 'a');
  cache.forget('uid-pod');
  t.same(load(), []);
  t.equal(cache.isPlaced('uid-pod'), false);
});

t.test('a pod that has ended takes no room, one that is going still does', async (t) => {
  const { cache, load } = setUp();
  cache.setPod(makePod({ nodeName: 'a', deletedAt: '2026-01-01T00:00:00Z' }));
  t.same(load(), ['a uid-pod']);
  cache.setPod(makePod({ nodeName: 'a', phase: 'Succeeded' }));
  t.same(load(), []);
});

t.test('a board that comes back finds its pods counted', async (t) => {
  const { cache, load } = setUp();
  cache.setPod(makePod({ nodeName: 'a' }));
  cache.removeNode('a');
  t.same(load(), []);
  cache.setNode(makeNode({ name: 'a' }));
  t.same(load(), ['a uid-pod']);
  cache.removePod('uid-pod');
  t.same(load(), []);
});
