// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
import fc from 'fast-check';
import t from 'tap';
import type { autoscaling } from '../../../../src/api/objects.ts';
import {
  type LimitQuestion,
  limitReplicas,
} from '../../../../src/controllers/horizontal-pod-autoscaler/scaling-limits.ts';

const nowMs = 10_000_000;
const ago = (seconds: number, replicas: number) => ({ atMs: nowMs - seconds * 1000, replicas });

const ask = (current: number, desired: number, more: Partial<LimitQuestion> = {}) =>
  limitReplicas({
    currentReplicas: current,
    desiredReplicas: desired,
    minReplicas: 1,
    maxReplicas: 100,
    behavior: undefined,
    history: { recommendations: [], ups: [], downs: [] },
    nowMs,
    ...more,
  });

const rules = (
  scaleUp: autoscaling.HPAScalingRules,
  scaleDown: autoscaling.HPAScalingRules = {},
): Partial<LimitQuestion> => ({ behavior: { scaleUp, scaleDown } });
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds });
const recommended = (...recommendations: { atMs: number; replicas: number }[]) => ({
  history: { recommendations, ups: [], downs: [] },
});

t.test('without behavior growing is at most the double, or 4', async (t) => {
  t.match(ask(1, 9), { replicas: 4, limited: { status: 'True', reason: 'ScaleUpLimit' } });
  t.match(ask(10, 50), { replicas: 20, limited: { reason: 'ScaleUpLimit' } });
  t.match(ask(10, 12), { replicas: 12, limited: { status: 'False', reason: 'DesiredWithinRange' } });
});

t.test('the bounds hold, and the condition says which', async (t) => {
  t.match(ask(5, 50, { maxReplicas: 8 }), { replicas: 8, limited: { reason: 'TooManyReplicas' } });
  t.match(ask(5, 1, { minReplicas: 3 }), { replicas: 3, limited: { reason: 'TooFewReplicas' } });
  t.match(ask(1, 0, { minReplicas: 0 }), { replicas: 0, limited: { status: 'False' } });
  const behavior = rules({ policies: [pods(100)] }, { policies: [pods(100)], stabilizationWindowSeconds: 0 });
  t.match(ask(5, 50, { ...behavior, maxReplicas: 8 }), {
    replicas: 8,
    limited: { reason: 'TooManyReplicas' },
  });
  t.match(ask(5, 1, { ...behavior, minReplicas: 3 }), { replicas: 3, limited: { reason: 'TooFewReplicas' } });
});

t.test('shrinking waits for 5 minutes of lower recommendations', async (t) => {
  t.match(ask(5, 2, recommended(ago(299, 5))), { replicas: 5, able: { reason: 'ScaleDownStabilized' } });
  t.match(ask(5, 2, recommended(ago(299, 3))), { replicas: 3 });
  t.match(ask(5, 2, recommended(ago(301, 5))), { replicas: 2, able: { reason: 'ReadyForNewScale' } });
});

t.test('windows of behavior hold growing back by the lowest, shrinking by the highest', async (t) => {
  const up = rules({ policies: [pods(100)], stabilizationWindowSeconds: 60 });
  t.match(ask(5, 9, { ...up, ...recommended(ago(30, 6)) }), {
    replicas: 6,
    able: { reason: 'ScaleUpStabilized' },
  });
  t.match(ask(5, 9, { ...up, ...recommended(ago(61, 6)) }), { replicas: 9 });
  const down = rules({}, { policies: [pods(100)], stabilizationWindowSeconds: 10 });
  t.match(ask(5, 1, { ...down, ...recommended(ago(9, 4)) }), {
    replicas: 4,
    able: { reason: 'ScaleDownStabilized' },
  });
  t.match(ask(5, 1, { ...down, ...recommended(ago(11, 4)) }), { replicas: 1 });
});

const rates: [string, autoscaling.HPAScalingRules, number][] = [
  ['the highest policy decides', { policies: [pods(4), percent(100)] }, 20],
  ['Min takes the lowest', { selectPolicy: 'Min', policies: [pods(4), percent(100)] }, 14],
  ['Disabled does not change', { selectPolicy: 'Disabled', policies: [pods(4)] }, 10],
  ['percents are rounded up', { policies: [percent(11)] }, 12],
];
for (const [name, scaleUp, expected] of rates) {
  t.test(`growing from 10: ${name}`, async (t) => {
    t.equal(ask(10, 99, rules({ stabilizationWindowSeconds: 0, ...scaleUp })).replicas, expected);
  });
}

const downRates: [string, autoscaling.HPAScalingRules, number][] = [
  ['the policy that removes most decides', { policies: [pods(4), percent(10)] }, 6],
  ['Min takes the one that removes fewest', { selectPolicy: 'Min', policies: [pods(4), percent(10)] }, 9],
  ['Disabled does not change', { selectPolicy: 'Disabled', policies: [pods(4)] }, 10],
];
for (const [name, scaleDown, expected] of downRates) {
  t.test(`shrinking from 10: ${name}`, async (t) => {
    const behavior = rules({}, { stabilizationWindowSeconds: 0, ...scaleDown });
    t.equal(ask(10, 1, behavior).replicas, expected);
  });
}

t.test('what was added or removed within the period counts against it', async (t) => {
  const behavior = rules({ policies: [pods(4)] }, { policies: [pods(4)], stabilizationWindowSeconds: 0 });
  const history = { recommendations: [], ups: [ago(30, 3)], downs: [] };
  t.match(ask(10, 99, { ...behavior, history }), { replicas: 11, limited: { reason: 'ScaleUpLimit' } });
  const older = { recommendations: [], ups: [ago(61, 3)], downs: [] };
  t.match(ask(10, 99, { ...behavior, history: older }), { replicas: 14 });
  const downs = { recommendations: [], ups: [], downs: [ago(30, 4)] };
  t.match(ask(10, 1, { ...behavior, history: downs }), {
    replicas: 10,
    limited: { reason: 'ScaleDownLimit' },
  });
});

t.test(
  'from any world the result is in bounds, never past what is wanted, and asking again settles',
  async (_t) => {
    const count = fc.integer({ min: 1, max: 50 });
    const policy = fc.record({
      type: fc.constantFrom('Pods', 'Percent'),
      value: fc.integer({ min: 1, max: 200 }),
      periodSeconds: fc.constant(15),
    });
    const rule = fc.record({
      selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
      policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
      stabilizationWindowSeconds: fc.constant(0),
    });
    const behavior = fc.option(fc.record({ scaleUp: rule, scaleDown: rule }), { nil: undefined });
    fc.assert(
      fc.property(count, count, behavior, (start, desired, chosen) => {
        let current = start;
        const seen: number[] = [];
        for (let round = 0; round < 60; round += 1) {
          const { replicas } = ask(current, desired, { behavior: chosen, minReplicas: 1, maxReplicas: 50 });
          const low = Math.min(current, desired);
          const high = Math.max(current, desired);
          if (replicas < low || replicas > high || replicas > 50 || replicas < 1) return false;
          current = replicas;
          seen.push(replicas);
        }
        return seen.at(-1) === seen.at(-2);
      }),
      { numRuns: 300 },
    );
  },
);
