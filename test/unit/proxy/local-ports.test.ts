import t from 'tap';
import { lastingPorts } from '../../../src/proxy/lasting-ports.ts';
import { LocalPorts } from '../../../src/proxy/local-ports.ts';

const web = { ip: '10.48.0.9', port: 53 };
const [first = 0, second = 0, third = 0] = lastingPorts(web);

t.test('an address gets the port that it had before, whoever had it', async (t) => {
  const ports = new LocalPorts('udp');
  t.same(ports.candidates(web), [first, second, third]);
  ports.adopt([
    { ...web, protocol: 'tcp', localPort: 40_000 },
    { ...web, protocol: 'udp', localPort: second },
  ]);
  t.same(ports.candidates(web), [second, first, third]);
  ports.keep(web, 41_000);
  ports.adopt([{ ...web, protocol: 'udp', localPort: second }]);
  t.equal(ports.candidates(web)[0], 41_000, 'what it has now says more than what it had');
});

t.test('a port that another address has or had is not tried: its clients may talk on', async (t) => {
  const ports = new LocalPorts('udp');
  ports.adopt([{ ip: 'fd00:10:48::7', port: 99, protocol: 'udp', localPort: first }]);
  t.same(ports.candidates(web), [second, third]);
});

t.test(
  'a TCP address has the port that it had, else any that is not where the rules lead for another one',
  async (t) => {
    const ports = new LocalPorts('tcp');
    t.same(ports.candidates(web), []);
    ports.adopt([
      { ...web, protocol: 'udp', localPort: first },
      { ...web, protocol: 'tcp', localPort: 40_000 },
      { ip: '10.48.0.10', port: 80, protocol: 'tcp', localPort: 40_001 },
      { ip: '10.48.0.11', port: 80, protocol: 'tcp', localPort: 0 },
    ]);
    t.same(ports.candidates(web), [40_000]);
    t.same(ports.candidates({ ip: '10.48.0.11', port: 80 }), [], 'it was refused');
    t.ok(ports.isAnothers(web, 40_001));
    t.notOk(ports.isAnothers(web, 40_000));
    t.notOk(ports.isAnothers(web, 40_002));
    ports.keep({ ip: '10.48.0.10', port: 80 }, 40_002);
    t.notOk(ports.isAnothers(web, 40_001), 'what it had is free once it has another one');
  },
);

t.test('what is known is bounded', async (t) => {
  const ports = new LocalPorts('udp');
  for (let i = 0; i < 3_000; i++) ports.keep({ ip: 'x', port: i }, 50_000 + i);
  t.notOk(ports.candidates({ ip: 'x', port: 0 }).includes(50_000));
  t.notOk(ports.isAnothers(web, 50_000));
  t.equal(ports.candidates({ ip: 'x', port: 2_999 })[0], 52_999);
});
