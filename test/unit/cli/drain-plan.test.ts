import t from 'tap';
import { type DrainRules, drainPlan } from '../../../src/cli/drain-plan.ts';
import { makePod, type PodTraits } from '../../support/make-pod.ts';

const strict: DrainRules = {
  ignoreDaemonSets: false,
  deleteEmptyDirData: false,
  force: false,
  waitForCompletion: false,
};
const owner = (kind: string) => ({ uid: 'u', kind, name: 'n' });
const local = { volumes: [{ name: 'v', emptyDir: {} }] };
const cases: [name: string, pod: PodTraits, rules: Partial<DrainRules>, expected: string][] = [
  ['a pod of a controller goes', { owner: owner('ReplicaSet') }, {}, 'evict'],
  ['a pod that nobody makes anew keeps the board', {}, {}, 'error'],
  ['unless forced', {}, { force: true }, 'evict'],
  ['a pod that has ended goes whoever made it', { phase: 'Succeeded' }, {}, 'evict'],
  ['a daemon keeps the board', { owner: owner('DaemonSet') }, {}, 'error'],
  [
    'unless daemons are ignored, and then it stays',
    { owner: owner('DaemonSet') },
    { ignoreDaemonSets: true },
    'leave',
  ],
  ['local data keeps the board', { owner: owner('ReplicaSet'), spec: local }, {}, 'error'],
  ['force is not enough for that', { owner: owner('ReplicaSet'), spec: local }, { force: true }, 'error'],
  [
    'but the word for it is',
    { owner: owner('ReplicaSet'), spec: local },
    { deleteEmptyDirData: true },
    'evict',
  ],
  ['a job pod goes', { owner: owner('Job') }, {}, 'evict'],
  ['or is waited for', { owner: owner('Job') }, { waitForCompletion: true }, 'await'],
  ['a static pod is not of the master', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, {}, 'leave'],
];
for (const [name, traits, rules, expected] of cases) {
  t.test(name, async (t) => {
    const plan = drainPlan([makePod({ name: 'p', ...traits })], { ...strict, ...rules });
    const found = [
      ...plan.evict.map(() => 'evict'),
      ...plan.await.map(() => 'await'),
      ...plan.errors.map(() => 'error'),
    ];
    t.equal(found.join() || 'leave', expected);
  });
}

t.test('reasons name all their pods on one line', async (t) => {
  const { errors } = drainPlan([makePod({ name: 'p' }), makePod({ name: 'q' })], strict);
  t.same(errors, [
    'cannot delete Pods that declare no controller (use --force to override): default/p, default/q',
  ]);
});
