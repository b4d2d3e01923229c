// Cases of https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
import t from 'tap';
import type { core, Pod } from '../../../src/api/objects.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld, refusals } from '../../support/scheduler-world.ts';

const labels = { foo: 'bar' };
const zoned = (name: string, zone: string, more: Parameters<typeof makeNode>[0] = {}) =>
  makeNode({ ...more, name, labels: { zone, node: name, ...more.labels } });
/** As on that page: two zones of two boards, three pods. */
const nodes = [
  zoned('node1', 'zoneA'),
  zoned('node2', 'zoneA'),
  zoned('node3', 'zoneB'),
  zoned('node4', 'zoneB'),
];
const on = (nodeName: string, i = 0, more: Record<string, string> = {}) =>
  makePod({ name: `${nodeName}-${i}`, labels: { ...labels, ...more }, nodeName });
const threePods = [on('node1'), on('node2'), on('node3')];

const constraint = (change: Partial<core.TopologySpreadConstraint> = {}): core.TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: 'zone',
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: labels },
  ...change,
});
const spread = (constraints: core.TopologySpreadConstraint[], spec: Partial<core.PodSpec> = {}, more = {}) =>
  makePod({
    name: 'mypod',
    labels: { ...labels, ...more },
    spec: { topologySpreadConstraints: constraints, ...spec },
  });

const NO = "node(s) didn't match pod topology spread constraints";
const NO_LABEL = `${NO} (missing required label)`;

const cases: [name: string, pod: Pod, world: Parameters<typeof makeWorld>[0], expected: string[]][] = [
  [
    'one constraint: only the emptier zone',
    spread([constraint()]),
    { nodes, pods: threePods },
    [NO, NO, '', ''],
  ],
  [
    'two constraints: the emptier zone and there the emptier board',
    spread([constraint(), constraint({ topologyKey: 'node' })]),
    { nodes, pods: threePods },
    [NO, NO, NO, ''],
  ],
  [
    'constraints that exclude each other leave no board',
    spread([constraint(), constraint({ topologyKey: 'node' })]),
    {
      nodes: nodes.slice(0, 3),
      pods: [on('node1'), on('node1', 1), on('node2'), on('node3'), on('node3', 1)],
    },
    [NO, NO, NO],
  ],
  [
    'a board without the label is no place',
    spread([constraint()]),
    { nodes: [...nodes, makeNode({ name: 'bare' })], pods: threePods },
    [NO, NO, '', '', NO_LABEL],
  ],
  [
    'boards that the node selector leaves out are not counted',
    spread([constraint()], { nodeSelector: { disk: 'ssd' } }),
    {
      nodes: [zoned('node1', 'zoneA', { labels: { disk: 'ssd' } }), zoned('node3', 'zoneB')],
      pods: [on('node1')],
    },
    ['', "node(s) didn't match Pod's node affinity/selector"],
  ],
  [
    'but are with nodeAffinityPolicy Ignore',
    spread([constraint({ nodeAffinityPolicy: 'Ignore' })], { nodeSelector: { disk: 'ssd' } }),
    {
      nodes: [zoned('node1', 'zoneA', { labels: { disk: 'ssd' } }), zoned('node3', 'zoneB')],
      pods: [on('node1')],
    },
    [NO, "node(s) didn't match Pod's node affinity/selector"],
  ],
  [
    'tainted boards are counted',
    spread([constraint()]),
    {
      nodes: [
        zoned('node1', 'zoneA'),
        zoned('node3', 'zoneB', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      ],
      pods: [on('node1')],
    },
    [NO, 'node(s) had untolerated taint {k: }'],
  ],
  [
    'but not with nodeTaintsPolicy Honor',
    spread([constraint({ nodeTaintsPolicy: 'Honor' })]),
    {
      nodes: [
        zoned('node1', 'zoneA'),
        zoned('node3', 'zoneB', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      ],
      pods: [on('node1')],
    },
    ['', 'node(s) had untolerated taint {k: }'],
  ],
  [
    'fewer domains than minDomains: the emptiest counts as none',
    spread([constraint({ minDomains: 3 })]),
    { nodes, pods: [on('node1'), on('node3')] },
    [NO, NO, NO, NO],
  ],
  [
    'matchLabelKeys counts pods of the same revision only',
    spread([constraint({ matchLabelKeys: ['hash'] })], {}, { hash: 'new' }),
    {
      nodes,
      pods: [
        on('node1', 0, { hash: 'old' }),
        on('node2', 0, { hash: 'old' }),
        on('node3', 0, { hash: 'new' }),
      ],
    },
    ['', '', NO, NO],
  ],
  [
    'pods that are going do not count',
    spread([constraint()]),
    { nodes, pods: [{ ...on('node1'), metadata: { ...on('node1').metadata, deletionTimestamp: 'x' } }] },
    ['', '', '', ''],
  ],
  [
    'a wider skew allows more',
    spread([constraint({ maxSkew: 2 })]),
    { nodes, pods: threePods },
    ['', '', '', ''],
  ],
];

for (const [name, pod, world, expected] of cases) {
  t.test(name, async (t) => t.same(refusals(pod, makeWorld(world)), expected));
}

t.test(
  'ScheduleAnyway only prefers: the emptier zone is taken, a full one when there is no other',
  async (t) => {
    const pod = spread([constraint({ whenUnsatisfiable: 'ScheduleAnyway' })]);
    const put = (given: typeof nodes) =>
      place({ load: podLoad(pod), world: makeWorld({ nodes: given, pods: threePods }), siblings: undefined });
    t.match(put(nodes), { nodeName: 'node4' });
    t.match(put(nodes.slice(0, 1)), { nodeName: 'node1' });
  },
);
