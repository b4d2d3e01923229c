import fc from 'fast-check';
import t from 'tap';
import type { apps, Pod, StatefulSet } from '../../../src/api/objects.ts';
import { decideStateful } from '../../../src/controllers/stateful-decision.ts';
import { ordinalOf, volumeClaimsOf } from '../../../src/controllers/stateful-pod.ts';
import { statefulStatus } from '../../../src/controllers/stateful-status.ts';
import { REVISION_LABEL } from '../../../src/controllers/template-revision.ts';
import { makePod, type PodTraits } from '../../support/make-pod.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const REVISIONS = { current: 'old', update: 'new' };

function set(replicas: number, spec: Partial<apps.StatefulSetSpec> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-set',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      replicas,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: {},
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
}

function pod(ordinal: number, revision = 'new', traits: PodTraits = {}): Pod {
  return makePod({ name: `web-${ordinal}`, labels: { [REVISION_LABEL]: revision }, ready: true, ...traits });
}

const going = { deletedAt: '2026-01-01T00:00:00Z' };
const unready = { ready: false };
const ordinals = (pods: readonly Pod[]) => pods.map(({ metadata }) => Number(metadata.name.slice(4)));

function decide(owner: StatefulSet, pods: readonly Pod[]) {
  const { create, ended, remove } = decideStateful(owner, pods, REVISIONS, NOW);
  return {
    create: create.map(({ ordinal }) => ordinal),
    ended: ordinals(ended),
    remove: ordinals(remove),
  };
}

const parallel = { podManagementPolicy: 'Parallel' };
const partition = (from: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: from } },
});
type Wanted = { create?: number[]; ended?: number[]; remove?: number[] };
const cases: [string, StatefulSet, Pod[], Wanted][] = [
  ['the first comes first', set(3), [], { create: [0] }],
  ['the next when it is ready', set(3), [pod(0)], { create: [1] }],
  ['not while it is not', set(3), [pod(0, 'new', unready)], {}],
  ['not while one before is going', set(3), [pod(0, 'new', going), pod(1)], {}],
  ['a gap is filled first', set(4), [pod(0), pod(2)], { create: [1] }],
  ['one that ended goes', set(1), [pod(0, 'new', { phase: 'Failed', ...unready })], { ended: [0] }],
  ['and is not made while it is there', set(1), [pod(0, 'new', { phase: 'Failed', ...going })], {}],
  ['Parallel: all at once', set(3, parallel), [pod(1)], { create: [0, 2] }],
  ['the highest goes first', set(1), [pod(0), pod(1), pod(2)], { remove: [2] }],
  ['the next when it is gone', set(1), [pod(0), pod(1), pod(2, 'new', going)], {}],
  [
    'none goes while a lower one is not ready',
    set(1),
    [pod(0), pod(1, 'new', unready), pod(2)],
    { remove: [2] },
  ],
  [
    'an unready one goes if it is the highest',
    set(1),
    [pod(0), pod(1), pod(2, 'new', unready)],
    { remove: [2] },
  ],
  [
    'an unready one waits for a lower unready one',
    set(0),
    [pod(0, 'new', unready), pod(1, 'new', unready)],
    {},
  ],
  ['Parallel: all go at once', set(1, parallel), [pod(0), pod(1), pod(2)], { remove: [2, 1] }],
  ['an update begins at the highest', set(3), [pod(0, 'old'), pod(1, 'old'), pod(2, 'old')], { remove: [2] }],
  ['goes on below', set(3), [pod(0, 'old'), pod(1, 'old'), pod(2)], { remove: [1] }],
  ['and ends at the partition', set(3, partition(2)), [pod(0, 'old'), pod(1, 'old'), pod(2)], {}],
  ['OnDelete never begins', set(1, { updateStrategy: { type: 'OnDelete' } }), [pod(0, 'old')], {}],
  [
    'maxUnavailable allows more than one',
    set(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } }),
    [pod(0, 'old'), pod(1, 'old'), pod(2, 'old')],
    { remove: [2, 1] },
  ],
  ['minReadySeconds hold up the next', set(2, { minReadySeconds: 61 }), [pod(0)], {}],
];
for (const [name, owner, pods, wanted] of cases) {
  t.test(name, async (t) => {
    t.same(decide(owner, pods), { create: [], ended: [], remove: [], ...wanted });
  });
}

t.test('a pod below the partition is made from the revision that runs, one above from the new', async (t) => {
  const revisionsOf = (owner: StatefulSet) =>
    decideStateful(owner, [], REVISIONS, NOW).create.map(({ revision }) => revision);
  t.same(revisionsOf(set(3, { ...parallel, ...partition(2) })), ['old', 'old', 'new']);
  t.same(revisionsOf(set(2, { ...parallel, updateStrategy: { type: 'OnDelete' } })), ['new', 'new']);
});

t.test(
  'claims are named after template and pod, and belong to the set only when they are to go with it',
  async (t) => {
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: { volumeName: 'v' } }];
    const [kept] = volumeClaimsOf(set(1, { volumeClaimTemplates }), 2);
    t.match(kept, { metadata: { name: 'data-web-2', namespace: 'default', labels: { app: 'web' } } });
    t.same([kept?.spec, kept?.metadata.ownerReferences], [{ volumeName: 'v' }, undefined]);
    const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' };
    const [owned] = volumeClaimsOf(set(1, { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy }), 0);
    t.match(owned?.metadata.ownerReferences, [{ kind: 'StatefulSet', uid: 'uid-set' }]);
  },
);

t.test('an ended pod beyond the count goes at once: it would never get ready', async (t) => {
  const failed = { phase: 'Failed', ...unready };
  const { remove } = decide(set(0), [pod(0, 'new', failed), pod(1, 'new', failed)]);
  t.same(remove, [1, 0]);
});

t.test('only names of the set have an ordinal', async (t) => {
  const of = (name: string) => ordinalOf(set(1), makePod({ name }));
  t.same(['web-0', 'web-12', 'web-01', 'web-x', 'web', 'other-1', 'web-a-1'].map(of), [
    0,
    12,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

t.test('the new revision becomes the current one when every pod has it and is ready', async (t) => {
  const half = statefulStatus(set(2), [pod(0, 'old'), pod(1)], REVISIONS, NOW);
  t.match(half, { currentRevision: 'old', updateRevision: 'new', currentReplicas: 1, updatedReplicas: 1 });
  const all = statefulStatus(set(2), [pod(0), pod(1)], REVISIONS, NOW);
  t.match(all, { currentRevision: 'new', currentReplicas: 2, updatedReplicas: 2, readyReplicas: 2 });
});

interface World {
  pods: Map<number, Pod>;
}

/** Does what was decided, one world step; boards make ready and let go at once. */
function step(owner: StatefulSet, world: World): boolean {
  const { create, ended, remove } = decideStateful(owner, [...world.pods.values()], REVISIONS, NOW);
  for (const gone of [...ended, ...remove]) world.pods.delete(ordinalOf(owner, gone) ?? -1);
  for (const { ordinal, revision } of create) {
    if (world.pods.has(ordinal)) throw new Error(`two pods of ordinal ${ordinal}`);
    world.pods.set(ordinal, pod(ordinal, revision));
  }
  return create.length + ended.length + remove.length > 0;
}

t.test('from any world the decisions lead to the wanted one, and then to nothing', async () => {
  const anyPod = fc.record({
    ordinal: fc.nat(6),
    revision: fc.constantFrom('old', 'new'),
    phase: fc.constantFrom('Running', 'Failed'),
  });
  const property = fc.property(
    fc.nat(5),
    fc.array(anyPod, { maxLength: 7 }),
    fc.boolean(),
    fc.nat(3),
    (replicas, given, isParallel, from) => {
      const owner = set(replicas, { ...(isParallel ? parallel : {}), ...partition(from) });
      const pods = given.map(
        ({ ordinal, revision, phase }) =>
          [ordinal, pod(ordinal, revision, { phase, ready: phase === 'Running' })] as const,
      );
      const world = { pods: new Map(pods) };
      for (let i = 0; step(owner, world); i++) if (i > 60) throw new Error('never comes to rest');
      const left = [...world.pods.keys()].sort((a, b) => a - b);
      if (left.join() !== [...Array(replicas).keys()].join()) throw new Error(`left ${left}`);
      const stale = [...world.pods].filter(
        ([n, p]) => n >= from && p.metadata.labels?.[REVISION_LABEL] !== 'new',
      );
      if (stale.length > 0) throw new Error('an old pod is left above the partition');
    },
  );
  fc.assert(property, { numRuns: 300 });
});
