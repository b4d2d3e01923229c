import fc from 'fast-check';
import t from 'tap';
import type { Node, Pod } from '../../../src/api/objects.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { siblingsOf } from '../../../src/scheduler/siblings.ts';
import { makeNode, makePod, makeService } from '../../support/make-pod.ts';
import { makeWorld, refusals } from '../../support/scheduler-world.ts';

interface Board {
  node: Node;
  pods: Pod[];
}

const usage = (node: Node, pods: Pod[] = []): Board => ({ node, pods });

function worldOf(boards: readonly Board[]) {
  return makeWorld({
    nodes: boards.map(({ node }) => node),
    pods: boards.flatMap(({ node, pods }) =>
      pods.map((pod) => ({ ...pod, spec: { ...pod.spec, nodeName: node.metadata.name } })),
    ),
  });
}

/** The board's name, or why there is none. */
function put(pod: Pod, boards: readonly Board[], services: Parameters<typeof siblingsOf>[1] = []) {
  const world = worldOf(boards);
  const placement = place({ load: podLoad(pod), world, siblings: siblingsOf(pod, services) });
  return 'nodeName' in placement ? placement : { unschedulable: placement.refusal.message };
}

t.test('without boards there is nothing to choose from', async (t) => {
  t.same(put(makePod(), []), { unschedulable: 'no nodes available to schedule pods' });
});

t.test('why no board fits is counted and sorted as kube-scheduler writes it', async (t) => {
  const usages = [
    usage(makeNode({ name: 'a', allocatable: { cpu: '1' } })),
    usage(makeNode({ name: 'b', labels: { disk: 'sd' } })),
    usage(makeNode({ name: 'c', unschedulable: true })),
    usage(makeNode({ name: 'd', allocatable: { cpu: '1' } })),
  ];
  const pod = makePod({ cpu: '2', spec: { nodeSelector: {} } });
  const picky = { ...pod, spec: { ...pod.spec, nodeSelector: { disk: 'ssd' } } };
  t.same(put(picky, [usages[1]!, usages[2]!]), {
    unschedulable:
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.",
  });
  t.same(put(pod, [usages[0]!, usages[2]!, usages[3]!]), {
    unschedulable: '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.',
  });
});

t.test('of boards that a pod does not name only that is told', async (t) => {
  // Source: pkg/scheduler/schedule_one.go findNodesThatFitPod, plugins/nodeaffinity PreFilter
  const fields = (...values: string[]) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values }],
  });
  const naming = (...nodeSelectorTerms: object[]) =>
    makePod({
      cpu: '9',
      spec: {
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
        } as never,
      },
    });
  const boards = [
    usage(makeNode({ name: 'a' })),
    usage(makeNode({ name: 'b', unschedulable: true })),
    usage(makeNode({ name: 'c', unschedulable: true })),
  ];
  const why = (...terms: object[]) => put(naming(...terms), boards);
  t.same(why(fields('a')), {
    unschedulable:
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  });
  t.same(why(fields('a'), fields('b')), {
    unschedulable:
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity], 1 node(s) were unschedulable.",
  });
  const both = { matchFields: [...fields('a').matchFields, ...fields('b').matchFields] };
  t.same(why(both), { unschedulable: '0/3 nodes are available: pod affinity terms conflict.' });
  const anyOther = { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] };
  t.same(why(fields('a'), anyOther), {
    unschedulable: '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.',
  });
});

t.test('the emptier board wins, measured by its size', async (t) => {
  const small = usage(makeNode({ name: 'small', allocatable: { cpu: '1', memory: '512Mi' } }));
  const big = usage(makeNode({ name: 'big' }), [makePod({ name: 'x', cpu: '1', memory: '1Gi' })]);
  t.same(put(makePod({ cpu: '500m', memory: '256Mi' }), [small, big]), { nodeName: 'big' });
});

t.test('pods of one controller spread even over fuller boards', async (t) => {
  const owner = { uid: 'rc-1' };
  const idle = usage(makeNode({ name: 'idle' }), [makePod({ name: 's', owner })]);
  const busy = usage(makeNode({ name: 'busy' }), [makePod({ name: 'x', cpu: '3', memory: '3Gi' })]);
  t.same(put(makePod({ name: 'new', owner }), [idle, busy]), { nodeName: 'busy' });
  t.same(put(makePod({ name: 'stranger' }), [idle, busy]), { nodeName: 'idle' });
});

t.test('pods behind one Service spread, those of another namespace or going away do not count', async (t) => {
  const labels = { app: 'web' };
  const service = makeService('web', { selector: labels });
  const a = (...pods: Pod[]) => usage(makeNode({ name: 'a' }), pods);
  const b = usage(makeNode({ name: 'b' }), [makePod({ name: 'x', cpu: '1' })]);
  const pod = makePod({ name: 'new', labels });
  t.same(put(pod, [a(makePod({ name: 's', labels })), b], [service]), { nodeName: 'b' });
  t.same(put(pod, [a(makePod({ name: 's', labels, namespace: 'other' })), b], [service]), { nodeName: 'a' });
  t.same(put(pod, [a(makePod({ name: 's', labels, deletedAt: '2026-01-01T00:00:00Z' })), b], [service]), {
    nodeName: 'a',
  });
});

t.test('soft wishes count: preferred affinity and PreferNoSchedule', async (t) => {
  const preferred = { weight: 50, preference: { matchExpressions: [{ key: 'ssd', operator: 'Exists' }] } };
  const pod = makePod({
    spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] } } },
  });
  const plain = usage(makeNode({ name: 'a' }));
  const ssd = usage(makeNode({ name: 'b', labels: { ssd: '' } }), [makePod({ name: 'x', cpu: '1' })]);
  t.same(put(pod, [plain, ssd]), { nodeName: 'b' });
  const soft = usage(makeNode({ name: '0', taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }));
  t.same(put(makePod(), [soft, plain]), { nodeName: 'a' });
});

t.test('of equal boards the first by name is taken, whatever their order', async (t) => {
  const usages = ['c', 'a', 'b'].map((name) => usage(makeNode({ name })));
  t.same(put(makePod(), usages), { nodeName: 'a' });
  t.same(put(makePod(), usages.toReversed()), { nodeName: 'a' });
});

const LABELS = ['red', 'blue'];
const wish = fc.record({
  cpu: fc.integer({ min: 0, max: 3000 }),
  memory: fc.integer({ min: 0, max: 3000 }),
  app: fc.constantFrom(...LABELS),
  port: fc.constantFrom(0, 0, 0, 80, 81),
  near: fc.constantFrom('', '', '', ...LABELS),
  far: fc.constantFrom('', '', ...LABELS),
  skew: fc.constantFrom(0, 0, 1, 2),
});
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

function wishful(name: string, { cpu, memory, app, port, near, far, skew }: Wish): Pod {
  const term = (other: string) => ({
    requiredDuringSchedulingIgnoredDuringExecution: other
      ? [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: other } } }]
      : [],
  });
  const pod = makePod({ name, cpu: `${cpu}m`, memory: `${memory}Mi`, labels: { app } });
  const [main] = pod.spec.containers;
  const containers = [{ ...main!, ports: port ? [{ containerPort: 1, hostPort: port }] : [] }];
  const constraint = {
    maxSkew: skew,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app } },
  } as const;
  const topologySpreadConstraints = skew ? [constraint] : [];
  const affinity = { podAffinity: term(near), podAntiAffinity: term(far) };
  return { ...pod, spec: { ...pod.spec, containers, affinity, topologySpreadConstraints } };
}

t.test('whatever pods want, no placement breaks a wish, and a refusal means that no board fits', async () => {
  const world = fc.tuple(fc.array(wish, { maxLength: 25 }), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(world, ([wishes, count]) => {
      const boards = Array.from({ length: count }, (_, i) =>
        usage(makeNode({ name: `board${i}`, labels: { zone: `z${i % 3}` }, allocatable: { pods: '6' } })),
      );
      wishes
        .map((w, i) => wishful(`p${i}`, w))
        .forEach((pod) => {
          const fits = refusals(pod, worldOf(boards)).map((why) => why === '');
          const placed = put(pod, boards);
          const board = boards.findIndex(
            ({ node }) => 'nodeName' in placed && node.metadata.name === placed.nodeName,
          );
          if (board < 0 ? fits.includes(true) : !fits[board])
            throw new Error(`${pod.metadata.name}: ${fits}`);
          boards[board]?.pods.push(pod);
        });
      for (const { pods } of boards) {
        const ports = pods.flatMap(({ spec }) =>
          spec.containers.flatMap((c) => c.ports?.map((p) => p.hostPort) ?? []),
        );
        const cpu = pods.reduce((sum, pod) => sum + podLoad(pod).requests.cpuMillis, 0);
        if (pods.length > 6 || cpu > 4000) throw new Error('overfilled');
        if (new Set(ports).size < ports.length) throw new Error('a port is taken twice');
      }
      for (const pod of boards.flatMap(({ pods }) => pods)) hatesNobodyNear(pod, boards);
    }),
  );
});

/** Anti-affinity, seen from what stands where at the end, without the scheduler's own code. */
function hatesNobodyNear(pod: Pod, boards: readonly Board[]): void {
  const [term] = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const hated = term?.labelSelector?.matchLabels?.app;
  const zoneOf = (p: Pod) => boards.find(({ pods }) => pods.includes(p))?.node.metadata.labels?.zone;
  const near = boards
    .flatMap(({ pods }) => pods)
    .filter((other) => other !== pod && zoneOf(other) === zoneOf(pod));
  if (hated && near.some(({ metadata }) => metadata.labels?.app === hated)) throw new Error('too near');
}
