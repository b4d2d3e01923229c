// Source of the cases: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#node-affinity and
// https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
import t from 'tap';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../src/api/objects.ts';
import { planClaims } from '../../../src/scheduler/volume-plan.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld, refusals, storageOf, stored } from '../../support/scheduler-world.ts';

const nodes = [
  makeNode({ name: 'a', labels: { zone: 'a' } }),
  makeNode({ name: 'b', labels: { zone: 'b' } }),
];
const volume = (name: string, board: string | undefined, storage = '1Gi', rest: object = {}) =>
  stored<PersistentVolume>('PersistentVolume', name, {
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      ...(board ? { nodeAffinity: { required: boardTerm(board) } } : {}),
      ...rest,
    },
    status: { phase: 'Available' },
  });
const boardTerm = (board: string) => ({
  nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [board] }] }],
});
const claim = (volumeName = '', rest: object = {}, name = 'data') =>
  stored<PersistentVolumeClaim>(
    'PersistentVolumeClaim',
    name,
    {
      spec: {
        volumeName,
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        resources: { requests: { storage: '1Gi' } },
        ...rest,
      },
      status: { phase: volumeName ? 'Bound' : 'Pending' },
    },
    'default',
  );
const storageClass = (provisioner: string, rest: object = {}) =>
  stored<StorageClass>('StorageClass', 'local', {
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
    ...rest,
  });
const NONE = storageClass('kubernetes.io/no-provisioner');
const PATH = storageClass('example.com/path');
const mounting = (...names: string[]) =>
  makePod({ spec: { volumes: names.map((n) => ({ name: n, persistentVolumeClaim: { claimName: n } })) } });
const pod = mounting('data');

const CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const MISSING = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
const UNBOUND = "node(s) didn't find available persistent volumes to bind";

const cases: [name: string, world: Partial<Parameters<typeof makeWorld>[0]>, expected: string[]][] = [
  ['a bound volume says where it is', { claims: [claim('v')], volumes: [volume('v', 'b')] }, [CONFLICT, '']],
  [
    'one that says nothing is everywhere',
    { claims: [claim('v')], volumes: [volume('v', undefined)] },
    ['', ''],
  ],
  ['one that is missing is nowhere', { claims: [claim('v')] }, [MISSING, MISSING]],
  [
    'a claim that waits for its consumer goes where a free volume is',
    { claims: [claim()], classes: [NONE], volumes: [volume('v', 'a'), volume('small', 'b', '1Mi')] },
    ['', UNBOUND],
  ],
  [
    'a volume promised to somebody else is not free',
    {
      claims: [claim()],
      classes: [NONE],
      volumes: [volume('v', 'a', '1Gi', { claimRef: { namespace: 'default', name: 'other' } })],
    },
    [UNBOUND, UNBOUND],
  ],
  ['or where one can be made', { claims: [claim()], classes: [PATH] }, ['', '']],
  [
    'which a class may allow on some boards only',
    {
      claims: [claim()],
      classes: [
        storageClass('example.com/path', {
          allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['b'] }] }],
        }),
      ],
    },
    [UNBOUND, ''],
  ],
];
for (const [name, world, expected] of cases) {
  t.test(name, async (t) => t.same(refusals(pod, makeWorld({ nodes, ...world })), expected));
}

t.test('the smallest free volume is chosen, and none twice for one pod', async (t) => {
  const claims = [claim(), claim('', {}, 'more'), claim('', {}, 'most')];
  const volumes = [volume('big', 'a', '9Gi'), volume('fit', 'a', '2Gi')];
  const { choices, problems } = planClaims(
    mounting('data', 'more', 'most'),
    nodes[0]!,
    storageOf({ claims, volumes, classes: [PATH] }),
  );
  t.same([...problems], []);
  t.same(
    choices.map(({ claim: c, volume: v }) => [c.metadata.name, v?.metadata.name]),
    [
      ['data', 'fit'],
      ['more', 'big'],
      ['most', undefined],
    ],
  );
});

t.test('every problem of a board is told, in the order of upstream', async (t) => {
  const claims = [claim('gone'), claim('v', {}, 'more'), claim('', {}, 'most')];
  const three = mounting('data', 'more', 'most');
  const taken = volume('v', 'b', '1Gi', { claimRef: { namespace: 'default', name: 'more' } });
  const world = makeWorld({ nodes, claims, volumes: [taken], classes: [NONE] });
  t.same(refusals(three, world), [`${CONFLICT}, ${UNBOUND}, ${MISSING}`, `${UNBOUND}, ${MISSING}`]);
});

t.test('a ReadWriteOncePod claim keeps a second pod off all boards', async (t) => {
  const claims = [claim('v', { accessModes: ['ReadWriteOncePod'] })];
  const holder = { ...mounting('data'), metadata: { ...pod.metadata, uid: 'holder' } };
  const pods = [{ ...holder, spec: { ...holder.spec, nodeName: 'a' } }];
  const why =
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
  t.same(refusals(pod, makeWorld({ nodes, pods, claims, volumes: [volume('v', undefined)] })), [why, why]);
});

t.test('a ReadWriteOnce claim stays with the board whose pod has it, also one on its way out', async (t) => {
  const leaving = makePod({
    name: 'old',
    nodeName: 'a',
    deletedAt: '2026-01-01T00:00:00Z',
    spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
  });
  const placing = (accessModes: string[]) => {
    const claims = [claim('v', { accessModes })];
    return refusals(pod, makeWorld({ nodes, pods: [leaving], claims, volumes: [volume('v', undefined)] }));
  };
  const held = "node(s) couldn't attach a ReadWriteOnce volume in use on another node";
  t.same(placing(['ReadWriteOnce']), ['', held]);
  t.same(placing(['ReadWriteMany']), ['', '']);
});
