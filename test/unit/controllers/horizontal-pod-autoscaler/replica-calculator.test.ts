// What is expected is from https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
import fc from 'fast-check';
import t from 'tap';
import type { Pod } from '../../../../src/api/objects.ts';
import {
  averageReplicas,
  groupPods,
  type PodMetric,
  sharedReplicas,
  tolerancesOf,
  utilizationReplicas,
  valueReplicas,
} from '../../../../src/controllers/horizontal-pod-autoscaler/replica-calculator.ts';
import { makePod, type PodTraits } from '../../../support/make-pod.ts';

const START = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-01-01T01:00:00Z');

const pod = (name: string, traits: PodTraits = {}): Pod => {
  const made = makePod({ name, ready: START, ...traits });
  return { ...made, status: { startTime: START, ...made.status } };
};

interface World {
  current: number;
  /** Millicores by pod; `undefined` = no figures. */
  used: (number | undefined)[];
  /** Of the pods, by position. */
  traits?: PodTraits[];
}

function question({ current, used, traits = [] }: World) {
  const pods = used.map((_, i) => pod(`p${i}`, traits[i]));
  const metrics = new Map<string, PodMetric>();
  used.forEach((milli, i) => {
    if (milli !== undefined) metrics.set(`p${i}`, { milli, atMs: nowMs, windowMs: 60_000 });
  });
  return { currentReplicas: current, pods, metrics, isCpu: true, nowMs };
}

const requests = (world: World, milli: number) => new Map(world.used.map((_, i) => [`p${i}`, milli]));
const byShare = (world: World, percent: number, request = 400) =>
  utilizationReplicas(question(world), () => requests(world, request), percent);

const cases: [string, World, number, number][] = [
  ['a request of 0.4 with 0.2 used is 50 %: as wanted', { current: 2, used: [200, 200] }, 50, 2],
  ['twice what is wanted doubles', { current: 2, used: [400, 400] }, 50, 4],
  ['half of what is wanted halves', { current: 4, used: [100, 100, 100, 100] }, 50, 2],
  ['10 % more is tolerated', { current: 2, used: [220, 220] }, 50, 2],
  ['more than 10 % is not', { current: 2, used: [228, 228] }, 50, 3],
  ['10 % less is tolerated', { current: 4, used: [180, 180, 180, 180] }, 50, 4],
  ['growing, a pod without figures uses nothing', { current: 3, used: [400, 400, undefined] }, 50, 4],
  ['shrinking, it uses its whole request', { current: 3, used: [80, 80, undefined] }, 50, 3],
  ['shrinking with a target over 100 %, it uses as much', { current: 3, used: [40, 40, undefined] }, 200, 2],
  ['when the assumption turns the direction nothing is done', { current: 2, used: [240, undefined] }, 50, 2],
  [
    'a pod that is being deleted does not count',
    { current: 2, used: [400, 0], traits: [{}, { deletedAt: START }] },
    50,
    2,
  ],
  [
    'a pod that failed does not count',
    { current: 2, used: [400, 0], traits: [{}, { phase: 'Failed' }] },
    50,
    2,
  ],
  [
    'growing, a pod that is not ready uses nothing',
    { current: 2, used: [600, 9999], traits: [{}, { phase: 'Pending' }] },
    50,
    3,
  ],
  [
    'shrinking, a pod that is not ready is left out',
    { current: 2, used: [100, 9999], traits: [{}, { phase: 'Pending' }] },
    50,
    1,
  ],
];

for (const [name, world, percent, expected] of cases) {
  t.test(name, async (t) => {
    t.equal(byShare(world, percent).replicas, expected);
  });
}

t.test('what people are shown is of the pods that were measured', async (t) => {
  t.match(byShare({ current: 2, used: [100, 300, undefined] }, 50), { utilization: 50, averageMilli: 200 });
  t.match(averageReplicas(question({ current: 2, used: [300, 300] }), 100), {
    replicas: 6,
    averageMilli: 300,
  });
});

t.test('nothing to go by is an error in upstream’s words', async (t) => {
  t.throws(() => byShare({ current: 1, used: [] }, 50), { message: /^no pods returned by selector/ });
  t.throws(() => byShare({ current: 1, used: [undefined] }, 50), { message: /^did not receive metrics/ });
  const unmatched = () => utilizationReplicas(question({ current: 1, used: [5] }), () => new Map(), 50);
  t.throws(unmatched, { message: 'no metrics returned matched known pods' });
});

t.test('CPU of a pod that is starting is not taken for what it will use', async (t) => {
  const second = (n: number) => new Date(Date.parse(START) + n * 1000).toISOString();
  const unready = (one: Pod, atSecond: number, cpu = true) => {
    const atMs = Date.parse(second(atSecond));
    const metrics = new Map([['p', { milli: 1, atMs, windowMs: 60_000 }]]);
    return groupPods([one], metrics, cpu, atMs).unready.size === 1;
  };
  const ready = pod('p', { ready: second(10) });
  t.ok(unready(ready, 60), 'its window began before it was ready');
  t.notOk(unready(ready, 60, false), 'memory is what it is');
  t.notOk(unready(ready, 71), 'a window since then');
  const never = pod('p', { ready: false });
  t.ok(unready(never, 100));
  t.ok(unready(never, 1000), 'it was never ready');
  const lost = structuredClone(never);
  for (const condition of lost.status?.conditions ?? []) condition.lastTransitionTime = second(400);
  t.notOk(unready(lost, 1000), 'it was ready once, so its load is real');
  const { conditions: _none, ...status } = ready.status ?? {};
  t.ok(unready({ ...ready, status }, 1000), 'nothing is known of it');
});

t.test('Object and External values: against one target, or shared by the replicas', async (t) => {
  const ready = (count: number) => Array.from({ length: count }, (_, i) => pod(`p${i}`));
  t.equal(valueReplicas(3, ready(3), 2), 6);
  t.equal(valueReplicas(3, ready(3), 1.09), 3, 'tolerated');
  t.equal(valueReplicas(0, [], 2.5), 3, 'from zero');
  t.throws(() => valueReplicas(3, [], 2), { message: /no pods returned by selector/ });
  t.same(sharedReplicas(2, 50_000, 10_000), { replicas: 5, averageMilli: 25_000 });
  t.same(sharedReplicas(5, 50_000, 10_000), { replicas: 5, averageMilli: 10_000 });
  t.match(sharedReplicas(0, 50_000, 10_000), { replicas: 5 });
});

t.test('a tolerance of the spec holds for its direction alone', async (t) => {
  const tolerances = tolerancesOf({ scaleUp: { tolerance: '500m' } as object });
  t.same(tolerances, { shrink: 0.1, grow: 0.5 });
  const replicas = (milli: number) =>
    utilizationReplicas(
      { ...question({ current: 4, used: [milli, milli, milli, milli] }), tolerances },
      () => requests({ current: 4, used: [0, 0, 0, 0] }, 400),
      50,
    ).replicas;
  t.equal(replicas(300), 4, '50 % more is tolerated');
  t.equal(replicas(304), 7);
  t.equal(replicas(178), 4, 'rounded up');
  t.equal(replicas(140), 3, 'less is not');
  const none = tolerancesOf({ scaleUp: { tolerance: '0' } as object });
  t.equal(valueReplicas(3, [pod('a'), pod('b'), pod('c')], 1.01, none), 4);
});

t.test(
  'whatever is known and unknown, the direction is that of the figures, and more load never means fewer',
  async (_t) => {
    const used = fc.array(fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(used, fc.integer({ min: 10, max: 150 }), (amounts, percent) => {
        const known = amounts.filter((milli) => milli !== undefined);
        fc.pre(known.length > 0);
        const world = { current: amounts.length, used: amounts };
        const { replicas, utilization = 0 } = byShare(world, percent);
        if (utilization <= percent && replicas > amounts.length) return false;
        if (utilization >= percent && replicas < amounts.length) return false;
        const doubled = amounts.map((milli) => (milli === undefined ? undefined : milli * 2));
        return byShare({ ...world, used: doubled }, percent).replicas >= replicas;
      }),
      { numRuns: 300 },
    );
  },
);
