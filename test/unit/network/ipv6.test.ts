// What a board's second family asks of its network: addresses, routes, rules.
import t from 'tap';
import type { DesiredNetwork } from '../../../src/network/board-network.ts';
import { boardAddress, isOurs, linkLocal } from '../../../src/network/ipv6/ipv6-addresses.ts';
import { renderIpv6Table } from '../../../src/network/ipv6/ipv6-table.ts';
import { desiredWays, nothingThere, wayCommands } from '../../../src/network/ipv6/ipv6-ways.ts';
import { renderTable } from '../../../src/network/nft-table.ts';
import { endOf } from '../../../src/network/tunnel.ts';

const near = { address: '192.168.1.12', podCIDR: '10.40.2.0/23', podCIDRv6: 'fd00:10:40:1::/64' };
const far = { address: '192.168.9.13', podCIDR: '10.40.4.0/23', podCIDRv6: 'fd00:10:40:2::/64' };
const old = { address: '192.168.1.14', podCIDR: '10.40.6.0/23' };
const desired: DesiredNetwork = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  ipv6: { podRange: 'fd00:10:40::/48', serviceRange: 'fd00:10:48::/112', podCIDR: 'fd00:10:40::/64' },
  address: '192.168.1.11',
  peers: [near, far, old],
  virtualPorts: [
    { ip: '10.48.0.5', protocol: 'tcp', port: 80, localPort: 4000 },
    { ip: 'fd00:10:48::5', protocol: 'tcp', port: 80, localPort: 4001 },
    { ip: '2001:db8::9', protocol: 'udp', port: 53, localPort: 4002, isOpen: true },
    { ip: '0.0.0.0', protocol: 'udp', port: 30053, localPort: 4004, isOpen: true },
    { ip: '::', protocol: 'udp', port: 30053, localPort: 4003, isOpen: true },
  ],
};
const lan = [
  { dst: '192.168.1.0/24', dev: 'eth0' },
  { dst: 'default', gateway: '192.168.1.1', dev: 'eth0' },
];
const ways = { tunnelled: [far], routes: lan, lanDevices: ['eth0'] };
const OWN = 'fd00:10:40:0:ec::1';

t.test("a board's addresses follow from what all boards know of it", async (t) => {
  t.equal(boardAddress('fd00:10:40:1::/64'), 'fd00:10:40:1:ec::1');
  t.equal(linkLocal('192.168.1.12'), 'fe80::ed:c0a8:10c');
  t.equal(linkLocal('2001:db8::1'), undefined);
  for (const address of [OWN, 'fe80::ed:c0a8:10c']) t.ok(isOurs(address), address);
  for (const address of ['fe80::1', 'fd00:10:40::1', '::1', '10.40.0.1']) t.notOk(isOurs(address), address);
});

t.test('a fresh board gets its addresses and a way to every peer that has the family', async (t) => {
  t.same(wayCommands(desiredWays(desired, ways), { devices: [], routes: [] }), [
    `address add ${OWN}/128 dev lo nodad`,
    'address add fe80::ed:c0a8:10b/64 dev eth0 nodad',
    `neighbour replace fe80::ed:c0a8:90d lladdr ${endOf(far).mac} dev edge-vxlan nud permanent`,
    `route replace fd00:10:48::/112 dev lo proto 148 src ${OWN}`,
    `route replace fd00:10:40:1::/64 via fe80::ed:c0a8:10c dev eth0 proto 148 src ${OWN}`,
    `route replace fd00:10:40:2::/64 via fe80::ed:c0a8:90d dev edge-vxlan proto 148 src ${OWN}`,
  ]);
});

const settled = {
  devices: [
    {
      ifname: 'lo',
      addr_info: [
        { local: '::1', prefixlen: 128 },
        { local: OWN, prefixlen: 128 },
      ],
    },
    { ifname: 'eth0', addr_info: [{ local: 'fe80::ed:c0a8:10b', prefixlen: 64 }] },
  ],
  routes: [
    { dst: 'fd00:10:48::/112', dev: 'lo', prefsrc: OWN },
    { dst: 'fd00:10:40:1::/64', gateway: 'fe80::ed:c0a8:10c', dev: 'eth0' },
  ],
};

t.test('a board that is as it should be is left alone', async (t) => {
  t.same(wayCommands(desiredWays({ ...desired, peers: [near, old] }, ways), settled), []);
});

t.test('a board that moves gives up its address, a peer that left its route', async (t) => {
  const moved = desiredWays({ ...desired, address: '192.168.1.21', peers: [] }, ways);
  t.same(wayCommands(moved, settled), [
    'route delete fd00:10:40:1::/64 proto 148',
    'address delete fe80::ed:c0a8:10b/64 dev eth0',
    'address add fe80::ed:c0a8:115/64 dev eth0 nodad',
  ]);
});

t.test('without the family all of ours goes, and nothing else', async (t) => {
  const { ipv6: _, ...single } = desired;
  t.same(desiredWays(single, ways), nothingThere);
  t.same(wayCommands(nothingThere, settled), [
    'route delete fd00:10:48::/112 proto 148',
    'route delete fd00:10:40:1::/64 proto 148',
    `address delete ${OWN}/128 dev lo`,
    'address delete fe80::ed:c0a8:10b/64 dev eth0',
  ]);
  t.equal(renderIpv6Table(single, false), 'table ip6 edge_cluster {}\ndelete table ip6 edge_cluster\n');
});

t.test('each table has the ports of its family', async (t) => {
  const table = renderIpv6Table(desired, true);
  t.match(table, `fd00:10:48::5 . tcp . 80 : ${OWN} . 4001`);
  t.match(table, `2001:db8::9 . udp . 53 : ${OWN} . 4002`);
  t.match(table, `    elements = {\n      udp . 30053 : ${OWN} . 4003\n    }`, 'on every address');
  t.notMatch(table, ':: . udp');
  t.match(table, 'maxseg size set rt mtu');
  t.notMatch(table, '10.48.0.5');
  t.notMatch(renderTable(desired), 'fd00:');
  t.notMatch(renderTable(desired), '4003');
});
