import fc from 'fast-check';
import t from 'tap';
import {
  addressAt,
  familyOf,
  formatIp,
  isInRange,
  overlaps,
  parseIp,
  parseRange,
  urlHost,
} from '../../../src/base/ip.ts';

const canonical = (text: string) => {
  const ip = parseIp(text);
  return ip && formatIp(ip);
};

t.test('IPv6 is written in its recommended form', async (t) => {
  const cases: [string, string][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['FD00:0010:0040:0:0:0:0:1', 'fd00:10:40::1'],
    ['fd00:0:0:1::', 'fd00:0:0:1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ];
  for (const [text, expected] of cases) t.equal(canonical(text), expected, text);
});

t.test('every address is read back as it was written', async (t) => {
  const value = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
  fc.assert(fc.property(value, (value) => parseIp(formatIp({ family: 'IPv6', value }))?.value === value));
  t.equal(canonical('10.40.0.1'), '10.40.0.1');
});

t.test('what is no address or range is told as such', async (t) => {
  for (const text of ['', 'x', '10.0.0', 'fe80::1%eth0', '1:2', ':::'])
    t.equal(familyOf(text), undefined, text);
  for (const text of ['fd00::/129', 'fd00::/', '10.0.0.0/33', 'fd00::/64/1', 'default'])
    t.equal(parseRange(text), undefined, text);
});

t.test('before a port an IPv6 address stands in brackets', async (t) => {
  const cases = {
    'fd00::1': '[fd00::1]',
    '[fd00::1]': '[fd00::1]',
    '10.0.0.1': '10.0.0.1',
    'nas.lan': 'nas.lan',
  };
  for (const [host, expected] of Object.entries(cases)) t.equal(urlHost(host), expected);
});

t.test('ranges hold addresses and ranges of their own family', async (t) => {
  t.ok(isInRange('fd00:10:40:7::9', 'fd00:10:40::/48'));
  t.notOk(isInRange('fd00:10:41::', 'fd00:10:40::/48'));
  t.notOk(isInRange('10.40.0.1', '::/0'));
  t.ok(isInRange('10.40.0.1', '10.40.0.0/13'));
  t.ok(isInRange('fd00::1', 'fd00::1'), 'an address is a range of one');
  t.ok(isInRange('10.40.0.0/23', '10.40.0.0/13'), 'a range that is all within');
  t.notOk(isInRange('10.40.0.0/12', '10.40.0.0/13'), 'a wider one is not');
  t.notOk(isInRange('10.40.0.0/33', '10.40.0.0/13'));
});

t.test('ranges of one family overlap when one holds a part of the other', async (t) => {
  t.ok(overlaps('10.47.255.255', '10.40.0.0/13'));
  t.notOk(overlaps('10.48.0.0', '10.40.0.0/13'));
  t.ok(overlaps('fd00::/8', 'fd00:10:40::/48'));
  t.notOk(overlaps('fd00:10:41::/64', 'fd00:10:40::/48'));
  t.notOk(overlaps('0.0.0.0/0', '::/0'));
  t.notOk(overlaps('default', '10.40.0.0/13'));
});

t.test('addresses of a range are counted from its first', async (t) => {
  t.equal(addressAt('fd00:10:40:1::/64', 5n), 'fd00:10:40:1::5');
  t.equal(addressAt('10.40.2.0/23', 256n), '10.40.3.0');
  t.equal(addressAt('10.40.2.0/30', 4n), undefined);
});
