import fc from 'fast-check';
import t from 'tap';
import type { Node, Pod } from '../../../src/api/objects.ts';
import { reasonsAgainst } from '../../../src/scheduler/filters.ts';
import { allocatableOf, type NodeUsage, podLoad, requestedBy } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { siblingsOf } from '../../../src/scheduler/siblings.ts';
import { makeNode, makePod, makeService } from '../../support/make-pod.ts';

function usage(node: Node, pods: Pod[] = []): NodeUsage {
  const { maxPods, ...allocatable } = allocatableOf(node);
  return { node, allocatable, maxPods, pods: new Map(pods.map((pod) => [pod.metadata.uid, podLoad(pod)])) };
}

const put = (pod: Pod, usages: NodeUsage[], services: Parameters<typeof siblingsOf>[1] = []) =>
  place(podLoad(pod), usages, siblingsOf(pod, services));

t.test('without boards there is nothing to choose from', async (t) => {
  t.same(put(makePod(), []), { unschedulable: 'no nodes available to schedule pods' });
});

t.test('why no board fits is counted and sorted as kube-scheduler writes it', async (t) => {
  const usages = [
    usage(makeNode({ name: 'a', allocatable: { cpu: '1' } })),
    usage(makeNode({ name: 'b', labels: { disk: 'sd' } })),
    usage(makeNode({ name: 'c', unschedulable: true })),
    usage(makeNode({ name: 'd', allocatable: { cpu: '1' } })),
  ];
  const pod = makePod({ cpu: '2', spec: { nodeSelector: {} } });
  const picky = { ...pod, spec: { ...pod.spec, nodeSelector: { disk: 'ssd' } } };
  t.same(put(picky, [usages[1]!, usages[2]!]), {
    unschedulable:
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.",
  });
  t.same(put(pod, [usages[0]!, usages[2]!, usages[3]!]), {
    unschedulable: '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.',
  });
});

t.test('the emptier board wins, measured by its size', async (t) => {
  const small = usage(makeNode({ name: 'small', allocatable: { cpu: '1', memory: '512Mi' } }));
  const big = usage(makeNode({ name: 'big' }), [makePod({ name: 'x', cpu: '1', memory: '1Gi' })]);
  t.same(put(makePod({ cpu: '500m', memory: '256Mi' }), [small, big]), { nodeName: 'big' });
});

t.test('pods of one controller spread even over fuller boards', async (t) => {
  const owner = { uid: 'rc-1' };
  const idle = usage(makeNode({ name: 'idle' }), [makePod({ name: 's', owner })]);
  const busy = usage(makeNode({ name: 'busy' }), [makePod({ name: 'x', cpu: '3', memory: '3Gi' })]);
  t.same(put(makePod({ name: 'new', owner }), [idle, busy]), { nodeName: 'busy' });
  t.same(put(makePod({ name: 'stranger' }), [idle, busy]), { nodeName: 'idle' });
});

t.test('pods behind one Service spread, those of another namespace or going away do not count', async (t) => {
  const labels = { app: 'web' };
  const service = makeService('web', { selector: labels });
  const a = (...pods: Pod[]) => usage(makeNode({ name: 'a' }), pods);
  const b = usage(makeNode({ name: 'b' }), [makePod({ name: 'x', cpu: '1' })]);
  const pod = makePod({ name: 'new', labels });
  t.same(put(pod, [a(makePod({ name: 's', labels })), b], [service]), { nodeName: 'b' });
  t.same(put(pod, [a(makePod({ name: 's', labels, namespace: 'other' })), b], [service]), { nodeName: 'a' });
  t.same(put(pod, [a(makePod({ name: 's', labels, deletedAt: '2026-01-01T00:00:00Z' })), b], [service]), {
    nodeName: 'a',
  });
});

t.test('soft wishes count: preferred affinity and PreferNoSchedule', async (t) => {
  const preferred = { weight: 50, preference: { matchExpressions: [{ key: 'ssd', operator: 'Exists' }] } };
  const pod = makePod({
    spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] } } },
  });
  const plain = usage(makeNode({ name: 'a' }));
  const ssd = usage(makeNode({ name: 'b', labels: { ssd: '' } }), [makePod({ name: 'x', cpu: '1' })]);
  t.same(put(pod, [plain, ssd]), { nodeName: 'b' });
  const soft = usage(makeNode({ name: '0', taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }));
  t.same(put(makePod(), [soft, plain]), { nodeName: 'a' });
});

t.test('of equal boards the first by name is taken, whatever their order', async (t) => {
  const usages = ['c', 'a', 'b'].map((name) => usage(makeNode({ name })));
  t.same(put(makePod(), usages), { nodeName: 'a' });
  t.same(put(makePod(), usages.toReversed()), { nodeName: 'a' });
});

t.test('no placement ever overfills a board, and a refusal means that none fits', async () => {
  const pod = fc.record({
    cpu: fc.integer({ min: 0, max: 3000 }),
    memory: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (wanted, boards) => {
      const held = new Map(Array.from({ length: boards }, (_, i) => [`board${i}`, [] as Pod[]]));
      const usages = () =>
        [...held].map(([name, pods]) => usage(makeNode({ name, allocatable: { pods: '6' } }), pods));
      wanted.forEach(({ cpu, memory }, i) => {
        const next = makePod({ name: `p${i}`, cpu: `${cpu}m`, memory: `${memory}Mi` });
        const placement = put(next, usages());
        if ('nodeName' in placement) held.get(placement.nodeName)?.push(next);
        else if (usages().some((u) => reasonsAgainst(podLoad(next), u).length === 0))
          throw new Error('a board fits');
      });
      for (const { pods, allocatable } of usages()) {
        const used = requestedBy(pods.values());
        const isOver = used.cpuMillis > allocatable.cpuMillis || used.memoryBytes > allocatable.memoryBytes;
        if (isOver || pods.size > 6) throw new Error('overfilled');
      }
    }),
  );
});
