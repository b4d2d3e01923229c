import t from 'tap';
import type { core, Node, Pod } from '../../../src/api/objects.ts';
import { prepareFilters } from '../../../src/scheduler/filters/all-filters.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld } from '../../support/scheduler-world.ts';

function against(pod: Pod, node: Node, others: Pod[] = []): readonly string[] {
  const there = others.map((other) => ({ ...other, spec: { ...other.spec, nodeName: node.metadata.name } }));
  const world = makeWorld({ nodes: [node], pods: there });
  return prepareFilters(podLoad(pod), world)(world.usages[0]!)?.reasons ?? [];
}

const withPort = (name: string, port: Partial<core.ContainerPort>) =>
  makePod({
    name,
    spec: { containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 80, ...port }] }] },
  });
const tolerating = (...tolerations: core.Toleration[]) => makePod({ spec: { tolerations } });
const taint = (key: string, effect: string, value?: string) =>
  ({ key, effect, ...(value ? { value } : {}) }) as core.Taint;
const affinity = (...nodeSelectorTerms: core.NodeSelectorTerm[]) =>
  makePod({
    spec: {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    },
  });
const requires = (key: string, operator: string, ...values: string[]) =>
  affinity({ matchExpressions: [{ key, operator, values }] } as core.NodeSelectorTerm);

const NO_MATCH = ["node(s) didn't match Pod's node affinity/selector"];
const NO_PORT = ["node(s) didn't have free ports for the requested pod ports"];
const gpu = makePod({
  spec: { containers: [{ name: 'm', image: 'x', resources: { requests: { 'example.com/camera': '2' } } }] },
});

const cases: [name: string, pod: Pod, node: Node, others: Pod[], expected: string[]][] = [
  ['a plain pod fits a ready board', makePod(), makeNode(), [], []],
  [
    'a cordoned board takes nothing',
    makePod(),
    makeNode({ unschedulable: true }),
    [],
    ['node(s) were unschedulable'],
  ],
  [
    'unless the pod tolerates that',
    tolerating({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }),
    makeNode({ unschedulable: true }),
    [],
    [],
  ],
  [
    'a board that is not ready takes nothing',
    makePod(),
    makeNode({ ready: 'Unknown' }),
    [],
    ['node(s) had untolerated taint {node.kubernetes.io/not-ready: }'],
  ],
  [
    'nor one that never said so',
    makePod(),
    makeNode({ ready: undefined }),
    [],
    ['node(s) had untolerated taint {node.kubernetes.io/not-ready: }'],
  ],
  [
    'a toleration of NoExecute only does not let a pod on a board that is not ready',
    tolerating({ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }),
    makeNode({ ready: 'False' }),
    [],
    ['node(s) had untolerated taint {node.kubernetes.io/not-ready: }'],
  ],
  [
    'a taint is named with its value',
    makePod(),
    makeNode({ taints: [taint('use', 'NoSchedule', 'gpu')] }),
    [],
    ['node(s) had untolerated taint {use: gpu}'],
  ],
  [
    'a NoExecute taint counts as well',
    makePod(),
    makeNode({ taints: [taint('use', 'NoExecute')] }),
    [],
    ['node(s) had untolerated taint {use: }'],
  ],
  [
    'PreferNoSchedule keeps nobody off',
    makePod(),
    makeNode({ taints: [taint('use', 'PreferNoSchedule')] }),
    [],
    [],
  ],
  [
    'an equal toleration answers a taint',
    tolerating({ key: 'use', value: 'gpu', effect: 'NoSchedule' }),
    makeNode({ taints: [taint('use', 'NoSchedule', 'gpu')] }),
    [],
    [],
  ],
  [
    'another value does not',
    tolerating({ key: 'use', value: 'cpu' }),
    makeNode({ taints: [taint('use', 'NoSchedule', 'gpu')] }),
    [],
    ['node(s) had untolerated taint {use: gpu}'],
  ],
  [
    'a toleration of everything does',
    tolerating({ operator: 'Exists' }),
    makeNode({ taints: [taint('a', 'NoExecute')] }),
    [],
    [],
  ],
  [
    'nodeSelector must match',
    makePod({ spec: { nodeSelector: { disk: 'ssd' } } }),
    makeNode({ labels: { disk: 'sd' } }),
    [],
    NO_MATCH,
  ],
  [
    'and does',
    makePod({ spec: { nodeSelector: { disk: 'ssd' } } }),
    makeNode({ labels: { disk: 'ssd' } }),
    [],
    [],
  ],
  ['affinity In', requires('zone', 'In', 'a', 'b'), makeNode({ labels: { zone: 'b' } }), [], []],
  ['affinity In without the label', requires('zone', 'In', 'a'), makeNode(), [], NO_MATCH],
  ['affinity NotIn holds without the label', requires('zone', 'NotIn', 'a'), makeNode(), [], []],
  ['affinity Exists', requires('zone', 'Exists'), makeNode(), [], NO_MATCH],
  [
    'affinity DoesNotExist',
    requires('zone', 'DoesNotExist'),
    makeNode({ labels: { zone: '' } }),
    [],
    NO_MATCH,
  ],
  [
    'affinity Gt compares numbers',
    requires('cores', 'Gt', '9'),
    makeNode({ labels: { cores: '10' } }),
    [],
    [],
  ],
  [
    'affinity Lt compares numbers',
    requires('cores', 'Lt', '9'),
    makeNode({ labels: { cores: '10' } }),
    [],
    NO_MATCH,
  ],
  [
    'affinity Gt of no number',
    requires('cores', 'Gt', '9'),
    makeNode({ labels: { cores: 'many' } }),
    [],
    NO_MATCH,
  ],
  [
    'one of several terms is enough',
    affinity(
      { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['board'] }] },
    ),
    makeNode(),
    [],
    [],
  ],
  ['a term that says nothing matches nothing', affinity({}), makeNode(), [], NO_MATCH],
  [
    'host ports clash',
    withPort('a', { hostPort: 80 }),
    makeNode(),
    [withPort('b', { hostPort: 80 })],
    NO_PORT,
  ],
  [
    'host ports of two protocols do not',
    withPort('a', { hostPort: 80 }),
    makeNode(),
    [withPort('b', { hostPort: 80, protocol: 'UDP' })],
    [],
  ],
  [
    'host ports on two addresses do not',
    withPort('a', { hostPort: 80, hostIP: '10.0.0.1' }),
    makeNode(),
    [withPort('b', { hostPort: 80, hostIP: '10.0.0.2' })],
    [],
  ],
  [
    'any address clashes with each',
    withPort('a', { hostPort: 80, hostIP: '10.0.0.1' }),
    makeNode(),
    [withPort('b', { hostPort: 80, hostIP: '0.0.0.0' })],
    NO_PORT,
  ],
  ['ports in the pod network are its own', withPort('a', {}), makeNode(), [withPort('b', {})], []],
  [
    'cpu is counted exactly',
    makePod({ cpu: '1500m' }),
    makeNode(),
    [makePod({ name: 'b', cpu: '2500m' })],
    [],
  ],
  [
    'and one thousandth more is too much',
    makePod({ cpu: '1501m' }),
    makeNode(),
    [makePod({ name: 'b', cpu: '2500m' })],
    ['Insufficient cpu'],
  ],
  [
    'all that is missing is named',
    makePod({ cpu: '5', memory: '5Gi' }),
    makeNode({ allocatable: { pods: '1' } }),
    [makePod({ name: 'b' })],
    ['Too many pods', 'Insufficient cpu', 'Insufficient memory'],
  ],
  ['a pod without requests fits a full board', makePod(), makeNode(), [makePod({ name: 'b', cpu: '9' })], []],
  ['an extended resource that nobody has', gpu, makeNode(), [], ['Insufficient example.com/camera']],
  [
    'an extended resource that is there',
    gpu,
    makeNode({ allocatable: { 'example.com/camera': '2' } }),
    [],
    [],
  ],
  [
    'a name that is asked for',
    makePod({ nodeName: 'other' }),
    makeNode(),
    [],
    ["node(s) didn't match the requested node name"],
  ],
];

for (const [name, pod, node, others, expected] of cases) {
  t.test(name, async (t) => t.same(against(pod, node, others), expected));
}
