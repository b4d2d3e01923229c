import t from 'tap';
import { isConditionTrue, withCondition } from '../../../src/api/conditions.ts';
import type { Condition } from '../../../src/api/objects.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const old = '2026-01-01T00:00:00Z';

t.test('the transition time moves only when the status flips', async (t) => {
  const list: Condition[] = [{ type: 'Ready', status: 'True', lastTransitionTime: old }];
  const same = withCondition(list, { type: 'Ready', status: 'True', reason: 'New' }, now);
  t.same(same, [{ type: 'Ready', status: 'True', reason: 'New', lastTransitionTime: old }]);
  const flipped = withCondition(list, { type: 'Ready', status: 'False' }, now);
  t.equal(flipped[0]?.lastTransitionTime, '2026-01-02T00:00:00Z');
  t.equal(list[0]?.status, 'True', 'the list that was given is left as it was');
});

t.test('a condition keeps its place, and a new one comes last', async (t) => {
  const list: Condition[] = [
    { type: 'A', status: 'True' },
    { type: 'B', status: 'True' },
  ];
  t.same(
    withCondition(list, { type: 'A', status: 'False' }, now).map((c) => c.type),
    ['A', 'B'],
  );
  t.same(
    withCondition(list, { type: 'C', status: 'True' }, now).map((c) => c.type),
    ['A', 'B', 'C'],
  );
  t.ok(isConditionTrue(list, 'A'));
  t.notOk(isConditionTrue(list, 'C'));
  t.notOk(isConditionTrue(undefined, 'A'));
});
