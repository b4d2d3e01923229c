// Cases of
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
import t from 'tap';
import type { core, Pod } from '../../../src/api/objects.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld, refusals, type WorldTraits } from '../../support/scheduler-world.ts';

const ZONE = 'topology.kubernetes.io/zone';
const inZone = (name: string, zone?: string) => makeNode({ name, labels: zone ? { [ZONE]: zone } : {} });
const nodes = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b'), inZone('nowhere')];

type Term = Partial<core.PodAffinityTerm> & { app?: string };
const term = ({ app, ...rest }: Term): core.PodAffinityTerm => ({
  topologyKey: ZONE,
  ...(app ? { labelSelector: { matchLabels: { app } } } : {}),
  ...rest,
});
const required = (...terms: Term[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms.map(term) });
const preferred = (weight: number, wish: Term) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term(wish) }],
});

function pod(
  name: string,
  app: string,
  affinity: core.Affinity = {},
  nodeName = '',
  namespace = 'default',
): Pod {
  return makePod({ name, labels: { app }, namespace, nodeName, spec: { affinity } });
}

const NOT_NEAR = "node(s) didn't match pod affinity rules";
const TOO_NEAR = "node(s) didn't match pod anti-affinity rules";
const KEPT_AWAY = "node(s) didn't satisfy existing pods anti-affinity rules";
const cache = pod('cache', 'cache', {}, 'a1');

const cases: [name: string, pod: Pod, others: Pod[], expected: string[], more?: Partial<WorldTraits>][] = [
  [
    'affinity leads to the zone of the others; a board without the label is in none',
    pod('web', 'web', { podAffinity: required({ app: 'cache' }) }),
    [cache],
    ['', '', NOT_NEAR, NOT_NEAR],
  ],
  [
    'the first of a group that wants itself may go anywhere in the topology',
    pod('web', 'web', { podAffinity: required({ app: 'web' }) }),
    [cache],
    ['', '', '', NOT_NEAR],
  ],
  [
    'one that wants others who are not there waits',
    pod('web', 'web', { podAffinity: required({ app: 'db' }) }),
    [cache],
    [NOT_NEAR, NOT_NEAR, NOT_NEAR, NOT_NEAR],
  ],
  [
    'anti-affinity keeps out of their zone, and only there',
    pod('web', 'web', { podAntiAffinity: required({ app: 'cache' }) }),
    [cache],
    [TOO_NEAR, TOO_NEAR, '', ''],
  ],
  [
    'the anti-affinity of who is there keeps a pod away that has none',
    pod('new', 'cache'),
    [pod('web', 'web', { podAntiAffinity: required({ app: 'cache' }) }, 'b1')],
    ['', '', KEPT_AWAY, ''],
  ],
  [
    'pods of another namespace are not meant',
    pod('web', 'web', { podAntiAffinity: required({ app: 'cache' }) }),
    [pod('cache', 'cache', {}, 'a1', 'other')],
    ['', '', '', ''],
  ],
  [
    'unless it is named',
    pod('web', 'web', { podAntiAffinity: required({ app: 'cache', namespaces: ['other'] }) }),
    [pod('cache', 'cache', {}, 'a1', 'other')],
    [TOO_NEAR, TOO_NEAR, '', ''],
  ],
  [
    'or selected by its labels',
    pod('web', 'web', {
      podAntiAffinity: required({ app: 'cache', namespaceSelector: { matchLabels: { team: 'x' } } }),
    }),
    [pod('c1', 'cache', {}, 'a1', 'other'), pod('c2', 'cache', {}, 'b1', 'third')],
    [TOO_NEAR, TOO_NEAR, '', ''],
    { namespaces: { other: { team: 'x' }, third: { team: 'y' } } },
  ],
  [
    'an empty namespace selector means all',
    pod('web', 'web', { podAntiAffinity: required({ app: 'cache', namespaceSelector: {} }) }),
    [pod('c1', 'cache', {}, 'a1', 'other')],
    [TOO_NEAR, TOO_NEAR, '', ''],
  ],
  [
    'a missing selector means nobody',
    pod('web', 'web', { podAntiAffinity: required({}) }),
    [cache],
    ['', '', '', ''],
  ],
  [
    'matchLabelKeys means pods of the same value',
    pod('web', 'web', { podAntiAffinity: required({ labelSelector: {}, matchLabelKeys: ['app'] }) }),
    [cache, pod('w', 'web', {}, 'b1')],
    ['', '', TOO_NEAR, ''],
  ],
  [
    'mismatchLabelKeys means pods of another value',
    pod('web', 'web', { podAntiAffinity: required({ labelSelector: {}, mismatchLabelKeys: ['app'] }) }),
    [cache, pod('w', 'web', {}, 'b1')],
    [TOO_NEAR, TOO_NEAR, '', ''],
  ],
];

for (const [name, subject, pods, expected, more] of cases) {
  t.test(name, async (t) => t.same(refusals(subject, makeWorld({ nodes, pods, ...more })), expected));
}

function placed(subject: Pod, pods: Pod[]): string {
  const placement = place({ load: podLoad(subject), world: makeWorld({ nodes, pods }), siblings: undefined });
  return 'nodeName' in placement ? placement.nodeName : placement.refusal.message;
}

t.test('a wish to be near, far, or to have somebody near is granted where there is a choice', async (t) => {
  const other = pod('x', 'x', {}, 'a1');
  t.equal(
    placed(pod('web', 'web', { podAffinity: preferred(50, { app: 'cache' }) }), [
      pod('c', 'cache', {}, 'b1'),
    ]),
    'b1',
  );
  t.match(placed(pod('web', 'web', { podAntiAffinity: preferred(50, { app: 'x' }) }), [other]), /b1|nowhere/);
  const wishing = pod('lonely', 'lonely', { podAffinity: preferred(50, { app: 'web' }) }, 'b1');
  t.equal(placed(pod('web', 'web'), [wishing]), 'b1');
  t.equal(
    placed(pod('web', 'web'), [pod('db', 'db', { podAffinity: required({ app: 'web' }) }, 'b1')]),
    'b1',
  );
});
