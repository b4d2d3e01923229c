import t from 'tap';
import { lastingPorts } from '../../../src/proxy/lasting-ports.ts';

t.test('an address has ports of its own, always the same, and hardly those of another', async (t) => {
  t.same(lastingPorts({ ip: '10.48.0.9', port: 53 }), lastingPorts({ ip: '10.48.0.9', port: 53 }));
  const all = Array.from({ length: 200 }, (_, i) => lastingPorts({ ip: `10.48.63.${i}`, port: 53 }));
  t.ok(all.every((ports) => new Set(ports).size === 3));
  t.ok(all.flat().every((port) => port >= 20_000 && port < 30_000));
  t.ok(new Set(all.map(([first]) => first)).size > 180, 'well spread');
});
