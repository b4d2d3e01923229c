// What of the kernel's files counts as a change of the board's routes or addresses.
import t from 'tap';
import { kernelRoutes } from '../../../src/network/kernel-routes.ts';

const LAN = 'fd000077000000000000000000000010 02 40 00 80     eth0';
const LATER = 'fd000077000000000000000000000011 02 40 00 80     eth0';

const told = (ipv6: readonly string[] | undefined, files: Record<string, string> = {}) =>
  kernelRoutes(async (path) =>
    path === '/proc/net/if_inet6' ? ipv6?.map((line) => `${line}\n`).join('') : files[path],
  );

t.test('routes and addresses of both families count', async (t) => {
  const before = await told([LAN], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' });
  t.equal(await told([LAN], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' }), before);
  for (const other of [
    told([LAN], { '/proc/net/route': 'x', '/proc/net/fib_trie': 'b' }),
    told([LAN], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'x' }),
    told([LATER], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' }),
    told([LAN, LATER], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' }),
    told([LAN.replace('eth0', 'wlan0')], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' }),
    told([LAN.replace(' 40 ', ' 80 ')], { '/proc/net/route': 'a', '/proc/net/fib_trie': 'b' }),
  ])
    t.not(await other, before);
});

t.test("of IPv6 neither link-local addresses, nor the kernel's order, nor its marks do", async (t) => {
  const before = await told([LAN, LATER]);
  const cable = 'fe80000000000000640641fffefc4da3 15e1 40 20 80 edge-0a280005';
  t.equal(await told([cable, LATER, LAN]), before);
  const tentative = LAN.replace(' 80 ', ' 40 ');
  t.equal(await told([tentative, LATER]), before, 'whether others were asked for it first');
});

t.test('a kernel without IPv6 has no file of it', async (t) => {
  t.equal(await told(undefined, { '/proc/net/route': 'a' }), await told([], { '/proc/net/route': 'a' }));
});
