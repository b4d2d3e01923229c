import t from 'tap';
import type { apps, DaemonSet, Node, Pod } from '../../../src/api/objects.ts';
import { boardsOf, podsOfMissingBoards } from '../../../src/controllers/daemon-boards.ts';
import { decideDaemons } from '../../../src/controllers/daemon-decision.ts';
import { daemonPod, targetNode } from '../../../src/controllers/daemon-pod.ts';
import { daemonStatus } from '../../../src/controllers/daemon-status.ts';
import { decideDaemonUpdate } from '../../../src/controllers/daemon-update.ts';
import { REVISION_LABEL } from '../../../src/controllers/template-revision.ts';
import { makeNode, makePod, type PodTraits } from '../../support/make-pod.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');

function daemonSet(rollingUpdate: object = {}, podSpec: object = {}): DaemonSet {
  const spec = { containers: [{ name: 'c', image: 'x' }], ...podSpec };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'agent',
      namespace: 'default',
      uid: 'uid-ds',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { metadata: { labels: { app: 'agent' } }, spec },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate } as apps.DaemonSetUpdateStrategy,
    },
  };
}

/** `name` is `old-…` or `new-…`; ready unless said. */
function pod(name: string, nodeName: string, traits: PodTraits = {}): Pod {
  const labels = { app: 'agent', [REVISION_LABEL]: name.startsWith('new') ? 'new' : 'old' };
  return makePod({ name, nodeName, labels, ready: true, owner: { uid: 'uid-ds' }, ...traits });
}

const going = { deletedAt: '2026-01-01T00:00:00Z' };
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort();
const three = ['a', 'b', 'c'].map((name) => makeNode({ name }));

function manage(ds: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]) {
  const { create, remove, ended } = decideDaemons(ds, boardsOf(ds, nodes, pods), 'new', NOW);
  return { create, remove: names(remove), ended: names(ended) };
}

function update(rollingUpdate: object, pods: readonly Pod[], nodes = three) {
  const ds = daemonSet(rollingUpdate);
  const { create, remove } = decideDaemonUpdate(ds, boardsOf(ds, nodes, pods), 'new', NOW);
  return { create, remove: names(remove) };
}

const managed: [string, Node, Pod[], { create?: string[]; remove?: string[]; ended?: string[] }][] = [
  ['an empty board gets a pod', makeNode({ name: 'a' }), [], { create: ['a'] }],
  ['a board that has one is left alone', makeNode({ name: 'a' }), [pod('old', 'a')], {}],
  ['nothing comes while one is going', makeNode({ name: 'a' }), [pod('old', 'a', going)], {}],
  [
    'of two the younger goes',
    makeNode({ name: 'a' }),
    [pod('old-2', 'a', { createdAt: '2026-01-01T00:00:05Z' }), pod('old-1', 'a')],
    { remove: ['old-2'] },
  ],
  [
    'one that failed is to be made anew',
    makeNode({ name: 'a' }),
    [pod('old', 'a', { phase: 'Failed' })],
    { ended: ['old'] },
  ],
  ['a cordoned board gets one too', makeNode({ name: 'a', unschedulable: true }), [], { create: ['a'] }],
  [
    'a lost board keeps its own',
    makeNode({
      name: 'a',
      ready: 'Unknown',
      taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }],
    }),
    [pod('old', 'a')],
    {},
  ],
  [
    'a NoSchedule taint keeps it away',
    makeNode({ name: 'a', taints: [{ key: 'k', effect: 'NoSchedule' }] }),
    [],
    {},
  ],
  [
    'a NoExecute taint drives it away',
    makeNode({ name: 'a', taints: [{ key: 'k', effect: 'NoExecute' }] }),
    [pod('old', 'a')],
    { remove: ['old'] },
  ],
];
for (const [name, node, pods, wanted] of managed) {
  t.test(name, async (t) => {
    t.same(manage(daemonSet(), [node], pods), { create: [], remove: [], ended: [], ...wanted });
  });
}

t.test(
  'node affinity of the template chooses the boards and is then replaced by the name of one',
  async (t) => {
    const matchExpressions = [{ key: 'role', operator: 'In', values: ['edge'] }];
    const required = { nodeSelectorTerms: [{ matchExpressions }] };
    const preferred = [{ weight: 1, preference: { matchExpressions } }];
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    };
    const ds = daemonSet({}, { affinity: { nodeAffinity } });
    const nodes = [makeNode({ name: 'a', labels: { role: 'edge' } }), makeNode({ name: 'b' })];
    t.same(manage(ds, nodes, [pod('old', 'b')]), { create: ['a'], remove: ['old'], ended: [] });
    const made = daemonPod(ds, 'a', 'new') as Pod;
    t.equal(targetNode(made), 'a');
    t.same(made.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution, preferred);
  },
);

t.test('a pod that waits for a board that is gone goes', async (t) => {
  const waiting = { ...(daemonPod(daemonSet(), 'z', 'new') as Pod) };
  waiting.metadata = { ...waiting.metadata, name: 'waiting', uid: 'w' };
  t.same(names(podsOfMissingBoards(three, [waiting, pod('old', 'y')])), ['waiting']);
});

const unready = { ready: false };
const updates: [string, object, Pod[], { create?: string[]; remove?: string[] }][] = [
  [
    'one of three at a time',
    { maxUnavailable: 1 },
    [pod('old-a', 'a'), pod('old-b', 'b'), pod('old-c', 'c')],
    { remove: ['old-a'] },
  ],
  [
    'a share is rounded up',
    { maxUnavailable: '34%' },
    [pod('old-a', 'a'), pod('old-b', 'b'), pod('old-c', 'c')],
    { remove: ['old-a', 'old-b'] },
  ],
  [
    'none while a new one is not ready',
    { maxUnavailable: 1 },
    [pod('new-a', 'a', unready), pod('old-b', 'b'), pod('old-c', 'c')],
    {},
  ],
  ['none while a board has no pod', { maxUnavailable: 1 }, [pod('old-b', 'b'), pod('old-c', 'c')], {}],
  [
    'none while one is going',
    { maxUnavailable: 1 },
    [pod('old-a', 'a', going), pod('old-b', 'b'), pod('old-c', 'c')],
    {},
  ],
  [
    'old ones that do no work are replaced whatever the limit, and count in it',
    { maxUnavailable: 1 },
    [pod('old-a', 'a', unready), pod('old-b', 'b', unready), pod('old-c', 'c')],
    { remove: ['old-a', 'old-b'] },
  ],
  [
    'nothing is left to do when all are new',
    { maxUnavailable: 1 },
    [pod('new-a', 'a'), pod('new-b', 'b'), pod('new-c', 'c')],
    {},
  ],
  [
    'a surge adds a second pod',
    { maxSurge: 1, maxUnavailable: 0 },
    [pod('old-a', 'a'), pod('old-b', 'b'), pod('old-c', 'c')],
    { create: ['a'] },
  ],
  [
    'a surge waits for the second pod',
    { maxSurge: 1, maxUnavailable: 0 },
    [pod('old-a', 'a'), pod('new-a', 'a', unready), pod('old-b', 'b'), pod('old-c', 'c')],
    {},
  ],
  [
    'a surge ends when the second pod is ready',
    { maxSurge: 1, maxUnavailable: 0 },
    [pod('old-a', 'a'), pod('new-a', 'a'), pod('old-b', 'b'), pod('old-c', 'c')],
    { remove: ['old-a'] },
  ],
];
for (const [name, rollingUpdate, pods, wanted] of updates) {
  t.test(`update: ${name}`, async (t) => {
    t.same(update(rollingUpdate, pods), { create: [], remove: [], ...wanted });
  });
}

t.test('the status tells what should be, what is and what is out of place', async (t) => {
  const ds = daemonSet();
  const nodes = [...three, makeNode({ name: 'd', taints: [{ key: 'k', effect: 'NoSchedule' }] })];
  const pods = [pod('new-a', 'a'), pod('old-b', 'b', unready), pod('old-d', 'd')];
  t.match(daemonStatus(ds, boardsOf(ds, nodes, pods), 'new', NOW), {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    updatedNumberScheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  });
});
