// Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
import t from 'tap';
import type { ReplicaSet } from '../../../src/api/objects.ts';
import { isScaled, scalingStep } from '../../../src/controllers/deployment-scaling.ts';
import { makeDeployment, makeRollout, makeSet, type SetTraits } from '../../support/make-deployment.ts';

/** Sized when `desired` were asked for, with a surge of three. */
const sized = (desired: number, traits: SetTraits): ReplicaSet =>
  makeSet({
    ...traits,
    annotations: {
      'deployment.kubernetes.io/desired-replicas': String(desired),
      'deployment.kubernetes.io/max-replicas': String(desired + 3),
    },
  });
const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
const old = { name: 'old' };
const fresh = { name: 'new', image: 'new', age: 9 };

const cases: [rule: string, replicas: number, sets: ReplicaSet[], expected: object][] = [
  [
    'what is added is shared by size',
    15,
    [sized(10, { ...old, size: 8 }), sized(10, { ...fresh, size: 5, available: 0 })],
    { old: 11, new: 7 },
  ],
  [
    'what is taken is shared by size',
    5,
    [sized(10, { ...old, size: 8 }), sized(10, { ...fresh, size: 5, available: 0 })],
    { old: 5, new: 3 },
  ],
  [
    'none is left of a Deployment of none',
    0,
    [sized(10, { ...old, size: 8 }), sized(10, { ...fresh, size: 5 })],
    { old: 0, new: 0 },
  ],
  [
    'of equal ones the newest bears what rounding leaves over when they grow',
    11,
    [sized(10, { ...old, size: 5 }), sized(10, { ...fresh, size: 5, available: 0 })],
    { old: 5, new: 9 },
  ],
  ['a single active one takes the whole number', 7, [sized(10, { ...old, size: 10 })], { old: 7 }],
  [
    'without an active one the new one takes it',
    2,
    [sized(0, { ...old, size: 0 }), sized(0, { ...fresh, size: 0 })],
    { new: 2 },
  ],
  [
    'without a new one the youngest old one takes it',
    2,
    [sized(0, { name: 'a', size: 0 }), sized(0, { name: 'b', size: 0, age: 1 })],
    { b: 2 },
  ],
  [
    'beside a new one that is whole no old one is needed',
    10,
    [sized(10, { ...old, size: 2 }), sized(10, { ...fresh, size: 10 })],
    { old: 0 },
  ],
  [
    'a size that stands but was noted by another number is noted anew',
    10,
    [sized(8, { ...old, size: 10 })],
    { old: 10 },
  ],
  ['a size that stands is left alone', 10, [sized(10, { ...old, size: 10 })], {}],
];
for (const [rule, replicas, sets, expected] of cases) {
  t.test(rule, async (t) => {
    const step = scalingStep(makeRollout(makeDeployment({ spec: { replicas, strategy } }), ...sets));
    t.same(Object.fromEntries(step.map(({ set, replicas: size }) => [set.metadata.name, size])), expected);
  });
}

t.test('only active ReplicaSets that were sized by another number make it a scaling', async (t) => {
  const is = (...sets: ReplicaSet[]) =>
    isScaled(makeRollout(makeDeployment({ spec: { strategy } }), ...sets));
  t.ok(is(sized(8, { ...old, size: 8 })));
  t.notOk(is(sized(10, { ...old, size: 8 })));
  t.notOk(is(sized(8, { ...old, size: 0 })));
  t.notOk(is(makeSet({ ...old, size: 8 })), 'one that says nothing is taken as it is');
});
