import t from 'tap';
import type { Refusal } from '../../../src/proxy/forwarder-plan.ts';
import { RefusalLedger } from '../../../src/proxy/refusal-ledger.ts';

const MINUTE_MS = 60_000;
const taken = (port: number): Refusal => ({
  subject: { kind: 'Service', key: 'default/web', uid: 'u' },
  reason: 'PortInUse',
  message: `port ${port}/TCP of this board is in use by another program`,
});

t.test('what cannot be forwarded is told once, and again when it comes back', async (t) => {
  const ledger = new RefusalLedger();
  t.same(ledger.news([taken(1), taken(1)], 0), [taken(1)], 'two sockets of one port are one');
  t.same(ledger.news([taken(1), taken(2)], 10_000), [taken(2)]);
  t.same(ledger.news([taken(2)], 20_000), []);
  t.same(ledger.news([taken(1), taken(2)], 30_000), [taken(1)]);
});

t.test('while it lasts it is told before its Event is over', async (t) => {
  const ledger = new RefusalLedger();
  const told: number[] = [];
  for (let minute = 0; minute <= 65; minute++)
    if (ledger.news([taken(1)], minute * MINUTE_MS).length > 0) told.push(minute);
  t.same(told, [0, 30, 60]);
});
