// Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment
import t from 'tap';
import type { core, ReplicaSet } from '../../../src/api/objects.ts';
import {
  forgottenSets,
  refreshedNewSet,
  replicaSetFor,
  rolloutOf,
} from '../../../src/controllers/deployment-revisions.ts';
import { sameTemplate, templateHash } from '../../../src/controllers/pod-template-hash.ts';
import { makeDeployment, makeRollout, makeSet } from '../../support/make-deployment.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const HISTORY = 'deployment.kubernetes.io/revision-history';
const revision = (number: number) => ({ [REVISION]: String(number) });
const old = (number: number, size = 0) =>
  makeSet({ name: `r${number}`, size, age: number, annotations: revision(number) });

t.test('the new ReplicaSet is the oldest one with the template of the Deployment', async (t) => {
  const sets = [
    makeSet({ name: 'c', image: 'new', size: 1, age: 3 }),
    makeSet({ name: 'b', image: 'new', size: 1, age: 2 }),
    makeSet({ name: 'a', image: 'old', size: 1, age: 1 }),
  ];
  const rollout = rolloutOf(makeDeployment(), sets);
  t.equal(rollout.newSet?.metadata.name, 'b');
  t.same(
    rollout.oldSets.map(({ metadata }) => metadata.name),
    ['a', 'c'],
  );
});

t.test('a new ReplicaSet has the next revision and what people noted on the Deployment', async (t) => {
  const annotations = {
    'kubernetes.io/change-cause': 'better',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    [REVISION]: '7',
  };
  const made = replicaSetFor(makeRollout(makeDeployment({ annotations }), old(7), old(3)), 3);
  t.same(made.metadata.annotations, {
    'kubernetes.io/change-cause': 'better',
    [REVISION]: '8',
    'deployment.kubernetes.io/desired-replicas': '10',
    'deployment.kubernetes.io/max-replicas': '13',
  });
  t.equal(made.spec.replicas, 3);
});

t.test('revisions are counted in 64 bits, as upstream does', async (t) => {
  const high = makeSet({ name: 'h', size: 0, annotations: { [REVISION]: '3546343826724305832' } });
  const made = replicaSetFor(makeRollout(makeDeployment(), high, old(2)), 1);
  t.equal(made.metadata.annotations?.[REVISION], '3546343826724305833');
  const beyond = makeSet({ name: 'b', size: 0, annotations: { [REVISION]: '9223372036854775808' } });
  const next = replicaSetFor(makeRollout(makeDeployment(), beyond, old(2)), 1);
  t.equal(next.metadata.annotations?.[REVISION], '3', 'what upstream cannot read counts as none');
});

t.test('going back gives an old one the next revision and remembers its own', async (t) => {
  const back = makeSet({
    name: 'new',
    image: 'new',
    size: 0,
    annotations: { ...revision(2), [HISTORY]: '1' },
  });
  const refreshed = refreshedNewSet(makeRollout(makeDeployment(), back, old(5)));
  t.match(refreshed?.metadata.annotations, { [REVISION]: '6', [HISTORY]: '1,2' });
  t.equal(refreshedNewSet(makeRollout(makeDeployment(), refreshed as ReplicaSet, old(5))), undefined);
});

t.test('the list of former revisions does not grow for ever', async (t) => {
  const long = Array.from({ length: 500 }, (_, i) => 1000 + i).join();
  const back = makeSet({
    name: 'new',
    image: 'new',
    size: 0,
    annotations: { ...revision(2), [HISTORY]: long },
  });
  const history = refreshedNewSet(makeRollout(makeDeployment(), back, old(5)))?.metadata.annotations?.[
    HISTORY
  ];
  t.ok((history?.length ?? 0) <= 2000);
  t.ok(history?.endsWith(',1499,2'));
});

const forgotten: [rule: string, limit: number, sets: ReplicaSet[], expected: string[]][] = [
  ['the lowest revisions go', 2, [old(3), old(1), old(2), old(4)], ['r1', 'r2']],
  ['within the limit none goes', 4, [old(1), old(2)], []],
  ['with a limit of none all old ones go', 0, [old(1), old(2)], ['r1', 'r2']],
  ['without a limit none goes', 2_147_483_647, [old(1), old(2)], []],
  ['one that still has pods stays', 1, [old(1, 1), old(2), old(3)], ['r2']],
  ['one whose pods have not ended stays', 0, [makeSet({ name: 'a', size: 0, pods: 1 })], []],
  [
    'one whose shrinking nobody has seen yet stays',
    0,
    [makeSet({ name: 'a', size: 0, status: { observedGeneration: 0 } })],
    [],
  ],
];
for (const [rule, revisionHistoryLimit, sets, expected] of forgotten) {
  t.test(`history: ${rule}`, async (t) => {
    const rollout = makeRollout(makeDeployment({ spec: { revisionHistoryLimit } }), ...sets);
    t.same(
      forgottenSets(rollout).map(({ metadata }) => metadata.name),
      expected,
    );
  });
}

const container = (more: object): core.PodTemplateSpec => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'i', ...more }] },
});
const pairs: [rule: string, a: core.PodTemplateSpec, b: core.PodTemplateSpec, same: boolean][] = [
  ['another image', container({}), container({ image: 'j' }), false],
  [
    'fields in another order',
    container({ image: 'i', tty: true }),
    container({ tty: true, image: 'i' }),
    true,
  ],
  ['an empty list and none', container({ env: [] }), container({}), true],
  [
    'no annotations and none',
    { ...container({}), metadata: { labels: { app: 'web' }, annotations: {} } },
    container({}),
    true,
  ],
  [
    'an amount in another spelling',
    container({ resources: { limits: { cpu: '1000m' } } }),
    container({ resources: { limits: { cpu: '1' } } }),
    true,
  ],
  [
    'a value in another spelling',
    container({ env: [{ name: 'A', value: '1000m' }] }),
    container({ env: [{ name: 'A', value: '1' }] }),
    false,
  ],
  [
    'containers in another order',
    { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    { spec: { containers: [{ name: 'b' }, { name: 'a' }] } },
    false,
  ],
  [
    'an empty directory and no volume source',
    { spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }] } },
    { spec: { containers: [], volumes: [{ name: 'v' }] } },
    false,
  ],
  [
    'the hash itself',
    { ...container({}), metadata: { labels: { app: 'web', 'pod-template-hash': 'x' } } },
    container({}),
    true,
  ],
];
for (const [rule, a, b, same] of pairs) {
  t.test(`${rule} ${same ? 'is the same template' : 'is another template'}`, async (t) => {
    t.equal(sameTemplate(a, b), same);
    t.equal(templateHash(a) === templateHash(b), same);
  });
}

t.test('a hash is short, safe in names, and another one after a collision', async (t) => {
  const hashes = [0, 1, 2].map((collisions) => templateHash(container({}), collisions));
  t.equal(new Set(hashes).size, 3);
  for (const hash of hashes) t.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});
