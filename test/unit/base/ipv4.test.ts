import t from 'tap';
import { formatIpv4, parseIpv4, parseIpv4Range } from '../../../src/base/ipv4.ts';

t.test('an address is written back as it was read', async (t) => {
  for (const text of ['0.0.0.0', '10.48.255.1', '255.255.255.255']) {
    t.equal(formatIpv4(parseIpv4(text) ?? -1), text);
  }
});

t.test('what is no address is not taken for one', async (t) => {
  for (const bad of ['', 'None', '10.48.0', '10.48.0.256', '10.48.0.01', '::1', '10.48.0.1.2']) {
    t.equal(parseIpv4(bad), undefined, bad);
  }
});

t.test('a range begins at its network address, whichever of its addresses names it', async (t) => {
  t.same(parseIpv4Range('10.40.3.7/23'), { first: 0x0a280200, last: 0x0a2803ff, prefix: 23 });
  t.same(parseIpv4Range('10.40.3.7'), { first: 0x0a280307, last: 0x0a280307, prefix: 32 });
});

t.test('what is no range is not taken for one', async (t) => {
  for (const bad of ['default', '300.1.1.1', '10.40.0.0/33', '10.40.0.0/', '10.40.0.0/8/8', 'fd00::/64']) {
    t.equal(parseIpv4Range(bad), undefined, bad);
  }
});
