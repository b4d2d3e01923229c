import t from 'tap';
import type { PersistentVolumeClaim } from '../../../src/api/objects.ts';
import { claimHolders, claimProblem } from '../../../src/scheduler/claims.ts';
import { allocatableOf, type NodeUsage, podLoad } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';

function claim(volumeName: string, phase: string, deletionTimestamp?: string): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(deletionTimestamp ? { deletionTimestamp } : {}),
    },
    spec: { volumeName },
    status: { phase: phase as never },
  };
}

const pod = makePod({
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
});
const cases: [string, PersistentVolumeClaim | undefined, string | undefined][] = [
  ['a claim that is not there', undefined, 'persistentvolumeclaim "data" not found'],
  ['one without a volume', claim('', 'Pending'), 'pod has unbound immediate PersistentVolumeClaims'],
  ['one on its way to a volume', claim('v', 'Pending'), 'pod has unbound immediate PersistentVolumeClaims'],
  [
    'one that is going',
    claim('v', 'Bound', '2026-01-01T00:00:00Z'),
    'persistentvolumeclaim "data" is being deleted',
  ],
  ['one that is bound', claim('v', 'Bound'), undefined],
];
for (const [name, known, wanted] of cases) {
  t.test(`${name}: ${wanted ?? 'the pod may go'}`, async (t) => {
    t.equal(
      claimProblem(pod, (key) => (key === 'default/data' ? known : undefined)),
      wanted,
    );
  });
}

t.test('a pod without claims asks for none', async (t) => {
  t.equal(
    claimProblem(makePod(), () => undefined),
    undefined,
  );
});

t.test('a ReadWriteOnce claim stays with the board whose pod has it, also one on its way out', async (t) => {
  const spec = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
  const leaving = makePod({ name: 'old', deletedAt: '2026-01-01T00:00:00Z', spec });
  const usage = (name: string, unschedulable: boolean, ...there: (typeof leaving)[]): NodeUsage => {
    const node = makeNode({ name, unschedulable });
    const { maxPods, ...allocatable } = allocatableOf(node);
    return { node, allocatable, maxPods, pods: new Map(there.map((p) => [p.metadata.uid, podLoad(p)])) };
  };
  const usages = [usage('a', true, leaving), usage('b', false)];
  const known = claim('v', 'Bound');
  const once = { ...known, spec: { ...known.spec, accessModes: ['ReadWriteOnce'] as never } };
  const many = { ...known, spec: { ...known.spec, accessModes: ['ReadWriteMany'] as never } };
  t.same([...claimHolders(pod, usages, () => once)], ['a']);
  t.same([...claimHolders(pod, usages, () => many)], []);
  t.same([...claimHolders(leaving, usages, () => once)], [], 'not held against itself');
  const placed = (of: PersistentVolumeClaim) =>
    place({ ...podLoad(pod), claimHolders: claimHolders(pod, usages, () => of) }, usages, () => false);
  t.same(placed(once), {
    unschedulable:
      "0/2 nodes are available: 1 node(s) couldn't attach a ReadWriteOnce volume in use on another node, 1 node(s) were unschedulable.",
  });
  t.same(placed(many), { nodeName: 'b' });
});
