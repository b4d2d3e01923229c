// What the cluster is told of a board's network.
import t from 'tap';
import type { BoardCondition } from '../../../src/api/board-conditions.ts';
import { NetworkReport } from '../../../src/bin/agent/network-report.ts';

t.test('rules that were put right are an Event each time, and no condition', async (t) => {
  const conditions: (readonly BoardCondition[])[] = [];
  const events: object[] = [];
  const report = new NetworkReport({
    setConditions: (_, all) => void conditions.push(all),
    boardEvent: (event) => void events.push(event),
  });
  report.update([]);
  for (const _ of ['once', 'again']) report.restored(['chain guard of table ip edge_cluster']);
  t.equal(conditions.length, 1);
  const event = {
    type: 'Warning',
    reason: 'NetworkRulesRestored',
    message: /another program .*: chain guard of table ip edge_cluster;/,
  };
  t.match(events, [event, event]);
  t.equal(events.length, 2);
});
