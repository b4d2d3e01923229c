// Who needs the tunnel, and what the kernel is told for it.
import t from 'tap';
import { desiredRoutes, routeCommands } from '../../../src/network/routes.ts';
import {
  desiredTunnel,
  deviceCommands,
  distantPeers,
  type Link,
  peerCommands,
} from '../../../src/network/tunnel.ts';

const near = { address: '192.168.1.12', podCIDR: '10.40.2.0/23' };
const far = { address: '192.168.7.5', podCIDR: '10.40.4.0/23' };
const routes = [
  { dst: 'default', gateway: '192.168.1.1', dev: 'eth0' },
  { dst: '192.168.1.0/24', dev: 'eth0' },
];
const desired = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  address: '192.168.1.11',
  peers: [near, far],
  virtualPorts: [],
};
const links: Link[] = [
  { ifname: 'eth0', mtu: 1492 },
  { ifname: 'wlan0', mtu: 1280 },
];
const tunnel = desiredTunnel(desired, [far], routes, links);

t.test('a peer behind a router needs the tunnel, one on the LAN does not', async (t) => {
  t.same(distantPeers(desired.peers, routes), [far]);
  t.same(
    distantPeers([far], [...routes, { dst: '192.168.7.0/24', dev: 'eth1' }]),
    [],
    'the longest prefix decides',
  );
  t.same(distantPeers([far], []), [], 'no route at all: left to the LAN');
  t.equal(desiredTunnel(desired, [], routes, links), undefined);
  t.equal(desiredTunnel({ ...desired, address: undefined }, [far], routes, links), undefined);
});

t.test(
  'the device is 50 bytes smaller than the one below, with an address that all boards can work out',
  async (t) => {
    t.same(deviceCommands(tunnel, undefined), [
      'link add edge-vxlan address 0e:ed:0a:28:00:00 mtu 1442 type vxlan id 148 dstport 4789 local 192.168.1.11 nolearning',
      'address add 10.40.0.0/32 dev edge-vxlan',
      'link set edge-vxlan up',
    ]);
    t.same(tunnel && peerCommands(tunnel), {
      ip: ['neighbour replace 10.40.4.0 lladdr 0e:ed:0a:28:04:00 dev edge-vxlan nud permanent'],
      bridge: ['fdb replace 0e:ed:0a:28:04:00 dev edge-vxlan dst 192.168.7.5 self permanent'],
    });
  },
);

t.test(
  'a device as it should be is left alone, another one is made again, one that nobody needs goes',
  async (t) => {
    const present: Link = {
      ifname: 'edge-vxlan',
      mtu: 1442,
      address: '0e:ed:0a:28:00:00',
      linkinfo: { info_kind: 'vxlan', info_data: { id: 148, local: '192.168.1.11', port: 4789 } },
    };
    t.same(deviceCommands(tunnel, present), []);
    t.equal(deviceCommands(tunnel, { ...present, mtu: 1450 })[0], 'link delete edge-vxlan');
    t.same(deviceCommands(undefined, present), ['link delete edge-vxlan']);
  },
);

t.test(
  'the way to a distant peer leads through the tunnel, and back over the LAN when it is there again',
  async (t) => {
    const observed = [
      { dst: '10.48.0.0/16', dev: 'lo' },
      { dst: '10.40.2.0/23', gateway: '192.168.1.12', dev: 'eth0' },
    ];
    const through = ['route', 'replace', '10.40.4.0/23', 'via', '10.40.4.0', 'dev', 'edge-vxlan'];
    t.same(routeCommands(desiredRoutes(desired, [far]), observed), [
      [...through, 'proto', '148', 'src', '10.40.0.0', 'onlink'],
    ]);
    const tunnelled = [...observed, { dst: '10.40.4.0/23', gateway: '10.40.4.0', dev: 'edge-vxlan' }];
    t.same(routeCommands(desiredRoutes(desired, [far]), tunnelled), []);
    t.same(routeCommands(desiredRoutes(desired), tunnelled), [
      ['route', 'replace', '10.40.4.0/23', 'via', '192.168.7.5', 'proto', '148'],
    ]);
  },
);
