// Source of the numbers: upstream's documentation of maxSurge and maxUnavailable, and its rules of rounding.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
import fc from 'fast-check';
import t from 'tap';
import type { ReplicaSet } from '../../../src/api/objects.ts';
import { rolloutLimits, sizeOf } from '../../../src/controllers/deployment-limits.ts';
import { type RolloutStep, recreateStep, rollingStep } from '../../../src/controllers/deployment-rollout.ts';
import { makeDeployment, makeRollout, makeSet } from '../../support/make-deployment.ts';

type Amount = number | string;

const limits: [replicas: number, surge: Amount, missing: Amount, most: number, fewest: number][] = [
  [10, '25%', '25%', 13, 8],
  [4, '25%', '25%', 5, 3],
  [3, '25%', '25%', 4, 3],
  [1, '25%', '25%', 2, 1],
  [10, 3, 2, 13, 8],
  [10, '30%', 0, 13, 10],
  [3, '1%', '1%', 4, 3],
  [3, 0, '1%', 3, 2],
  [10, 0, '100%', 10, 0],
  [2, 1, 5, 3, 0],
  [0, '25%', '25%', 0, 0],
];
for (const [replicas, maxSurge, maxUnavailable, most, fewest] of limits) {
  t.test(
    `${replicas} with ${maxSurge} more and ${maxUnavailable} fewer are ${fewest} to ${most}`,
    async (t) => {
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
      const found = rolloutLimits(makeDeployment({ spec: { replicas, strategy } }));
      t.equal(found.desired + found.maxSurge, most);
      t.equal(found.desired - found.maxUnavailable, fewest);
    },
  );
}

const sizes = ({ create, resize }: RolloutStep) => ({
  ...(create === undefined ? {} : { create }),
  ...Object.fromEntries(resize.map(({ set, replicas }) => [set.metadata.name, replicas])),
});
const old = (size: number, available = size) => makeSet({ name: 'old', size, available });
const fresh = (size: number, available = size) =>
  makeSet({ name: 'new', image: 'new', size, available, age: 9 });

const steps: [rule: string, sets: ReplicaSet[], expected: object][] = [
  ['the first ReplicaSet is made whole', [], { create: 10 }],
  ['the next one is made as large as the surge allows', [old(10)], { create: 3 }],
  ['old ones shrink to what must stay available', [old(10), fresh(3, 0)], { old: 8 }],
  ['nothing moves until new pods are available', [old(8), fresh(5, 0)], {}],
  ['the new one grows into the room', [old(8), fresh(3, 0)], { new: 5 }],
  ['old ones shrink as new pods are available', [old(8), fresh(5, 3)], { old: 5 }],
  ['the last old ones go', [old(2), fresh(10, 9)], { old: 0 }],
  ['a done rollout moves nothing', [old(0), fresh(10)], {}],
  ['a new one that is too large shrinks at once', [old(2), fresh(12)], { new: 10 }],
  ['pods of old ones that are not available go first', [old(10, 5), fresh(3, 0)], { old: 8 }],
  ['a status from before it shrank counts no pod that goes', [old(5, 8), fresh(8, 5)], { old: 3 }],
  [
    'of several old ones the oldest go first',
    [makeSet({ name: 'a', size: 4 }), makeSet({ name: 'b', size: 6, age: 1 }), fresh(3, 3)],
    { a: 0, b: 5 },
  ],
  [
    'what is not available is taken from a younger one before what is from an older one',
    [makeSet({ name: 'a', size: 5 }), makeSet({ name: 'b', size: 5, available: 3, age: 1 }), fresh(3, 0)],
    { b: 3 },
  ],
];
for (const [rule, sets, expected] of steps) {
  t.test(rule, async (t) => {
    t.same(sizes(rollingStep(makeRollout(makeDeployment(), ...sets))), expected);
  });
}

const recreated = makeDeployment({ spec: { replicas: 3, strategy: { type: 'Recreate' } } });
const recreateSteps: [rule: string, sets: ReplicaSet[], oldPodsRun: boolean, expected: object][] = [
  ['all old ones shrink first', [old(3)], true, { old: 0 }],
  ['an old pod that is counted is waited for', [makeSet({ name: 'old', size: 0, pods: 1 })], false, {}],
  ['an old pod that has not ended is waited for', [old(0)], true, {}],
  ['then the new one is made whole', [old(0)], false, { create: 3 }],
  ['an old template that is taken up again grows', [old(0), fresh(0)], false, { new: 3 }],
  ['at its number nothing moves', [old(0), fresh(3)], false, {}],
];
for (const [rule, sets, oldPodsRun, expected] of recreateSteps) {
  t.test(`recreating: ${rule}`, async (t) => {
    t.same(sizes(recreateStep(makeRollout(recreated, ...sets), oldPodsRun)), expected);
  });
}

t.test('from any world a rollout ends at the new template, within its limits', async () => {
  const world = fc.record({
    replicas: fc.nat(12),
    maxSurge: fc.oneof(fc.nat(4), fc.constantFrom('0%', '25%', '50%')),
    maxUnavailable: fc.oneof(fc.nat(4), fc.constantFrom('0%', '25%', '100%')),
    old: fc.array(fc.nat(6), { maxLength: 3 }),
    fresh: fc.nat(14),
  });
  fc.assert(
    fc.property(world, ({ replicas, maxSurge, maxUnavailable, old: olds, fresh: size }) => {
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
      const deployment = makeDeployment({ spec: { replicas, strategy } });
      const { desired, maxSurge: surge, maxUnavailable: missing } = rolloutLimits(deployment);
      let sets = [...olds.map((n, age) => makeSet({ name: `old${age}`, size: n, age })), fresh(size)];
      const total = () => sets.reduce((sum, set) => sum + sizeOf(set), 0);
      for (let pass = 0; ; pass++) {
        if (pass > 60) throw new Error('never ends');
        const before = total();
        const { resize } = rollingStep(makeRollout(deployment, ...sets));
        if (resize.length === 0) break;
        sets = sets.map((set) => resized(set, resize.find((r) => r.set === set)?.replicas ?? sizeOf(set)));
        if (total() > Math.max(before, desired + surge)) throw new Error('too many');
        const available = sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
        if (available < Math.min(before, desired - missing)) throw new Error('too few');
        // All that runs becomes available before the next look.
        sets = sets.map((set) => makeSet({ ...traitsOf(set), available: sizeOf(set) }));
      }
      const rest = sets.filter((set) => sizeOf(set) > 0).map((set) => [set.metadata.name, sizeOf(set)]);
      if (JSON.stringify(rest) !== JSON.stringify(replicas > 0 ? [['new', replicas]] : [])) {
        throw new Error(`ends with ${JSON.stringify(rest)}`);
      }
    }),
  );
});

const traitsOf = ({ metadata, spec }: ReplicaSet) => ({
  name: metadata.name,
  image: spec.template?.spec?.containers[0]?.image ?? '',
  size: spec.replicas ?? 0,
  age: new Date(metadata.creationTimestamp).getUTCMinutes(),
});

/** Pods made are not available yet; of those that go none is missed that was not available. */
const resized = (set: ReplicaSet, size: number) =>
  makeSet({ ...traitsOf(set), size, available: Math.min(set.status?.availableReplicas ?? 0, size) });
