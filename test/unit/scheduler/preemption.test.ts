// Cases of https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#preemption
import t from 'tap';
import type { Node, Pod, PodDisruptionBudget } from '../../../src/api/objects.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { place } from '../../../src/scheduler/placement.ts';
import { preempt } from '../../../src/scheduler/preemption.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld, stored } from '../../support/scheduler-world.ts';

interface Traits {
  node?: string;
  cpu?: string;
  labels?: Record<string, string>;
  createdAt?: string;
  startedAt?: string;
  spec?: object;
}

function pod(
  name: string,
  priority: number,
  { node, cpu = '2', startedAt, spec, ...rest }: Traits = {},
): Pod {
  const made = makePod({
    name,
    cpu,
    ...rest,
    ...(node ? { nodeName: node } : {}),
    spec: { priority, ...spec },
  });
  return startedAt ? { ...made, status: { ...made.status, startTime: startedAt } } : made;
}

function outcome(subject: Pod, nodes: Node[], pods: Pod[], budgets: PodDisruptionBudget[] = []): string {
  const world = makeWorld({ nodes, pods });
  const load = podLoad(subject);
  const placement = place({ load, world, siblings: undefined });
  if ('nodeName' in placement) return `fits on ${placement.nodeName}`;
  const result = preempt({ load, world, refusal: placement.refusal, budgets, nominated: [] });
  if ('message' in result) return result.message;
  const { nodeName, pods: victims } = result.victims;
  return `${nodeName}: ${victims.map((victim) => victim.pod.metadata.name).join(' ')}`;
}

const budget = (app: string, disruptionsAllowed: number, namespace = 'default') =>
  stored<PodDisruptionBudget>(
    'PodDisruptionBudget',
    app,
    { spec: { selector: { matchLabels: { app } } }, status: { disruptionsAllowed } },
    namespace,
  );
const guarded = { labels: { app: 'db' } };
const a = makeNode({ name: 'a' });
const b = makeNode({ name: 'b' });

const cases: [name: string, actual: () => string, expected: string][] = [
  [
    'only as many go as must, the least important of them',
    () => outcome(pod('new', 9), [a], [pod('x', 5, { node: 'a' }), pod('y', 3, { node: 'a' })]),
    'a: y',
  ],
  [
    'of equals the one that started last',
    () =>
      outcome(
        pod('new', 9),
        [a],
        [
          pod('old', 1, { node: 'a', startedAt: '2026-01-01T00:00:00Z' }),
          pod('young', 1, { node: 'a', startedAt: '2026-01-02T00:00:00Z' }),
        ],
      ),
    'a: young',
  ],
  [
    'the board whose most important victim is the least important',
    () =>
      outcome(pod('new', 9, { cpu: '4' }), [a, b], [pod('x', 5, { node: 'a' }), pod('y', 3, { node: 'b' })]),
    'b: y',
  ],
  [
    'then the board with fewer victims',
    () =>
      outcome(
        pod('new', 9, { cpu: '4' }),
        [a, b],
        [pod('x', 3, { node: 'a' }), pod('y', 3, { node: 'a' }), pod('z', 3, { node: 'b' })],
      ),
    'b: z',
  ],
  [
    'a budget turns the choice to another pod',
    () =>
      outcome(
        pod('new', 9),
        [a],
        [pod('x', 3, { node: 'a', ...guarded }), pod('y', 5, { node: 'a' })],
        [budget('db', 0)],
      ),
    'a: y',
  ],
  [
    'and to another board',
    () =>
      outcome(
        pod('new', 9, { cpu: '4' }),
        [a, b],
        [pod('x', 3, { node: 'a', ...guarded }), pod('y', 5, { node: 'b' })],
        [budget('db', 0)],
      ),
    'b: y',
  ],
  [
    'but is overridden where nothing else helps',
    () => outcome(pod('new', 9), [a], [pod('x', 3, { node: 'a', cpu: '4', ...guarded })], [budget('db', 0)]),
    'a: x',
  ],
  [
    'a budget of another namespace guards nobody here',
    () =>
      outcome(
        pod('new', 9),
        [a],
        [pod('x', 3, { node: 'a', ...guarded }), pod('y', 5, { node: 'a' })],
        [budget('db', 0, 'other')],
      ),
    'a: x',
  ],
  [
    'equals are never pushed out',
    () => outcome(pod('new', 5), [a], [pod('x', 5, { node: 'a', cpu: '4' })]),
    '0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  ],
  [
    'what no empty board could hold pushes nobody out',
    () => outcome(pod('new', 9, { cpu: '9' }), [a, b], [pod('x', 5, { node: 'a' })]),
    '0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  ],
  [
    'a pod may ask not to push out others',
    () =>
      outcome(
        pod('new', 9, { spec: { preemptionPolicy: 'Never' } }),
        [a],
        [pod('x', 5, { node: 'a', cpu: '4' })],
      ),
    'not eligible due to preemptionPolicy=Never.',
  ],
  [
    'who keeps it away by anti-affinity may have to go',
    () => {
      const requiredDuringSchedulingIgnoredDuringExecution = [
        { topologyKey: 'host', labelSelector: { matchLabels: { app: 'new' } } },
      ];
      const hater = pod('x', 1, {
        node: 'a',
        cpu: '1',
        spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution } } },
      });
      const subject = pod('new', 9, { cpu: '1', labels: { app: 'new' } });
      return outcome(
        subject,
        [makeNode({ name: 'a', labels: { host: 'a' } })],
        [hater, pod('y', 1, { node: 'a' })],
      );
    },
    'a: x',
  ],
];

for (const [name, actual, expected] of cases) t.test(name, async (t) => t.equal(actual(), expected));

t.test('who no board has started yet counts as the youngest, however long ago it was made', async (t) => {
  const fresh = pod('fresh', 1, { node: 'a', createdAt: '2025-01-01T00:00:00Z' });
  const running = pod('running', 1, { node: 'a', startedAt: '2026-01-02T00:00:00Z' });
  t.equal(outcome(pod('new', 9), [a], [fresh, running]), 'a: fresh');
});

t.test('a pod that has pushed others out waits until they are gone', async (t) => {
  const victim = pod('x', 1, { node: 'a', cpu: '4' });
  const going: Pod = {
    ...victim,
    metadata: { ...victim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
    },
  };
  const subject = { ...pod('new', 9), status: { nominatedNodeName: 'a' } };
  t.equal(outcome(subject, [a], [going]), 'not eligible due to a terminating pod on the nominated node.');
  // Not for a board that will not do any more: another one is cleared.
  const cordoned = makeNode({ name: 'a', unschedulable: true });
  t.equal(outcome(subject, [cordoned, b], [going, pod('y', 1, { node: 'b', cpu: '4' })]), 'b: y');
});
