import fc from 'fast-check';
import t from 'tap';
import type { core } from '../../../src/api/objects.ts';
import { defaultClusterNetwork } from '../../../src/base/cluster-network.ts';
import { evictionDueMs } from '../../../src/controllers/eviction-decision.ts';
import {
  defaultDisruptionPolicy,
  disruptionOf,
  heldUntilMs,
  nextRecord,
} from '../../../src/controllers/node-disruption.ts';
import { taintsFor } from '../../../src/controllers/node-taints.ts';
import { freePodCidr, podCidr, podCidrCount } from '../../../src/controllers/pod-cidr.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const brief = (taints: readonly core.Taint[] | undefined) =>
  taints?.map(({ key, effect }) => `${key.split('/')[1] ?? key}:${effect}`);
const notReady: core.Taint[] = [
  { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
];

t.test('a ready board needs no taints and keeps those of people', async (t) => {
  t.equal(taintsFor(makeNode(), nowMs), undefined);
  const own: core.Taint = { key: 'use', effect: 'NoExecute' };
  t.same(taintsFor(makeNode({ taints: [...notReady, own] }), nowMs), [own]);
});

t.test('a board that is not ready or out of reach is tainted, with the time', async (t) => {
  t.same(brief(taintsFor(makeNode({ ready: 'False' }), nowMs)), [
    'not-ready:NoSchedule',
    'not-ready:NoExecute',
  ]);
  t.same(taintsFor(makeNode({ ready: 'Unknown' }), nowMs), [
    { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' },
    { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' },
  ]);
  t.same(brief(taintsFor(makeNode({ ready: 'Unknown', taints: notReady }), nowMs)), [
    'unreachable:NoSchedule',
    'unreachable:NoExecute',
  ]);
});

t.test('taints that are right are left as they are, times too', async (t) => {
  t.equal(taintsFor(makeNode({ ready: 'False', taints: notReady }), nowMs), undefined);
});

t.test('a board that has never said anything is not tainted', async (t) => {
  t.equal(taintsFor(makeNode({ ready: undefined }), nowMs), undefined);
});

t.test('a cordoned board carries the taint for it until it is uncordoned', async (t) => {
  const taints = taintsFor(makeNode({ unschedulable: true }), nowMs);
  t.same(brief(taints), ['unschedulable:NoSchedule']);
  t.same(taintsFor(makeNode({ taints: taints ?? [] }), nowMs), []);
});

const taint = (effect: core.Taint['effect'], key = 'k') => ({ key, effect });
const tolerating = (...tolerations: core.Toleration[]) => makePod({ spec: { tolerations } });
const dues: [
  name: string,
  pod: ReturnType<typeof makePod>,
  standing: { taint: core.Taint; sinceMs: number }[],
  due: number | undefined,
][] = [
  ['no taint, no eviction', makePod(), [], undefined],
  ['NoSchedule evicts nobody', makePod(), [{ taint: taint('NoSchedule'), sinceMs: 5 }], undefined],
  ['what is not tolerated has to go at once', makePod(), [{ taint: taint('NoExecute'), sinceMs: 5 }], 5],
  [
    'a toleration without seconds is for ever',
    tolerating({ key: 'k', operator: 'Exists' }),
    [{ taint: taint('NoExecute'), sinceMs: 5 }],
    undefined,
  ],
  [
    'a toleration with seconds is for so long',
    tolerating({ key: 'k', operator: 'Exists', tolerationSeconds: 5 }),
    [{ taint: taint('NoExecute'), sinceMs: 5 }],
    5005,
  ],
  [
    'negative seconds are none',
    tolerating({ key: 'k', operator: 'Exists', tolerationSeconds: -3 }),
    [{ taint: taint('NoExecute'), sinceMs: 5 }],
    5,
  ],
  [
    'of several taints the earliest end counts',
    tolerating(
      { key: 'k', operator: 'Exists', tolerationSeconds: 60 },
      { key: 'l', operator: 'Exists', tolerationSeconds: 5 },
    ),
    [
      { taint: taint('NoExecute'), sinceMs: 0 },
      { taint: taint('NoExecute', 'l'), sinceMs: 10_000 },
    ],
    15_000,
  ],
];
for (const [name, pod, standing, due] of dues) {
  t.test(name, async (t) => t.equal(evictionDueMs(pod, standing), due));
}

t.test('the plan has a /23 for each of 1,024 boards', async (t) => {
  t.equal(podCidrCount(defaultClusterNetwork), 1024);
  t.equal(podCidr(defaultClusterNetwork, 0), '10.40.0.0/23');
  t.equal(podCidr(defaultClusterNetwork, 1023), '10.47.254.0/23');
});

t.test('the lowest free share is given, also beside ranges of another size', async (t) => {
  t.equal(freePodCidr(defaultClusterNetwork, []), '10.40.0.0/23');
  t.equal(freePodCidr(defaultClusterNetwork, ['10.40.0.0/23', '10.40.4.0/23']), '10.40.2.0/23');
  t.equal(freePodCidr(defaultClusterNetwork, ['10.40.0.0/22', '10.40.5.0/24']), '10.40.6.0/23');
  t.equal(freePodCidr(defaultClusterNetwork, ['192.168.0.0/16']), '10.40.0.0/23');
  t.equal(freePodCidr(defaultClusterNetwork, ['fd00::/64']), '10.40.0.0/23');
  t.throws(() => freePodCidr({ podRange: 'pods', nodePrefix: 80 }, []), /is no range/);
  const ipv6 = { podRange: 'fd00:10:40::/48', nodePrefix: 64 };
  t.equal(freePodCidr(ipv6, ['10.40.0.0/23', 'fd00:10:40::/64', 'fd00:10:40:2::1/128']), 'fd00:10:40:1::/64');
  t.equal(podCidrCount(ipv6), 65_536);
});

t.test('shares never overlap and the plan ends when it is used up', async () => {
  const plan = { podRange: '172.16.0.0/28', nodePrefix: 30 };
  fc.assert(
    fc.property(fc.subarray([0, 1, 2, 3]), (held) => {
      const taken = held.map((index) => podCidr(plan, index));
      const free = freePodCidr(plan, taken);
      if ((free === undefined) !== (held.length === 4)) throw new Error('used up too early or too late');
      if (free && taken.includes(free)) throw new Error('given twice');
    }),
  );
});

type Standing = 'True' | 'False' | 'Unknown' | undefined;
const boards = (...standings: Standing[]) => standings.map((ready, i) => makeNode({ name: `b${i}`, ready }));
const disruptions: [name: string, standings: Standing[], expected: string][] = [
  ['all boards are there', ['True', 'True', 'True'], 'Normal'],
  ['one of two still fails over', ['True', 'Unknown'], 'Normal'],
  ['one of three is one board', ['True', 'True', 'Unknown'], 'Normal'],
  ['two of three are more than half', ['True', 'Unknown', 'False'], 'PartialDisruption'],
  ['half of four is not more than half', ['True', 'True', 'Unknown', 'Unknown'], 'Normal'],
  ['a board that never spoke counts neither way', ['True', 'Unknown', undefined], 'Normal'],
  ['no board at all', ['Unknown', 'Unknown', 'Unknown'], 'FullDisruption'],
  ['the only board', ['Unknown'], 'FullDisruption'],
];
for (const [name, standings, expected] of disruptions) {
  t.test(`disruption: ${name}`, async (t) => t.equal(disruptionOf(boards(...standings), 0.5), expected));
}

t.test('a hold lasts until all that went together are back, whoever returns first', async (t) => {
  const policy = defaultDisruptionPolicy;
  const held = nextRecord(undefined, boards('True', 'Unknown', 'Unknown'), policy, 1000);
  t.same(held, { sinceMs: 1000, queue: ['b1', 'b2'] });
  const oneBack = nextRecord(held, boards('True', 'True', 'Unknown'), policy, 5000);
  t.same(oneBack, { sinceMs: 1000, queue: ['b2'] });
  const another = nextRecord(oneBack, boards('Unknown', 'True', 'Unknown'), policy, 6000);
  t.same(another, { sinceMs: 1000, queue: ['b2', 'b0'] });
  t.equal(heldUntilMs('b2', another, policy), 121_000);
  t.equal(heldUntilMs('b0', another, policy), 131_000);
  t.equal(nextRecord(another, boards('True', 'True', 'True'), policy, 7000), undefined);
  t.equal(heldUntilMs('b0', undefined, policy), Number.NEGATIVE_INFINITY);
});

t.test("a hold is for a board's own state; a person's taint means what it says", async (t) => {
  const lost = { taint: notReady[1] as core.Taint, sinceMs: 0 };
  t.equal(evictionDueMs(makePod(), [lost], 500), 500);
  t.equal(evictionDueMs(makePod(), [{ taint: taint('NoExecute'), sinceMs: 0 }], 500), 0);
});

t.test('each pressure of a board has its taint, which keeps new pods away and ends with it', async (t) => {
  const condition = (type: string, status: string) => ({ type, status, reason: 'r', message: 'm' });
  const ready = makeNode();
  const conditions = [
    ...(ready.status?.conditions ?? []),
    condition('MemoryPressure', 'True'),
    condition('DiskPressure', 'False'),
    condition('PIDPressure', 'True'),
    condition('NetworkUnavailable', 'True'),
  ];
  const pressed = { ...ready, status: { ...ready.status, conditions } };
  const taints = taintsFor(pressed, nowMs);
  t.same(
    taints?.map(({ key, effect }) => [key, effect]),
    [
      ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
      ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
      ['node.kubernetes.io/network-unavailable', 'NoSchedule'],
    ],
  );
  t.same(taintsFor(makeNode({ taints: taints ?? [] }), nowMs), []);
});
