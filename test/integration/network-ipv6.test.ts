// Where IPv6 packets go on real boards' kernels: two boards, their pods and a stranger on the LAN, in namespaces.
import t, { type Test } from 'tap';
import type { DesiredNetwork, NetworkProblem, VirtualPort } from '../../src/network/board-network.ts';
import { linkLocal as linkLocalOf } from '../../src/network/ipv6/ipv6-addresses.ts';
import { Ipv6Network } from '../../src/network/ipv6/ipv6-network.ts';
import { kernelRoutes } from '../../src/network/kernel-routes.ts';
import { mappedPorts } from '../../src/network/mapped-ports.ts';
import { addDualPod, type DualBoard, dualLab, dualOnly, LAN_V6, RANGES_V6 } from '../support/dual-lab.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { desiredNetwork, nodeNetwork } from '../support/lab-network.ts';
import type { NetworkLab } from '../support/network-lab.ts';

const SERVICE_IP = 'fd00:10:48::9';
let labs = 100;
const world = (t: Test) => dualLab(t, labs++);

function desired(lab: NetworkLab, own: DualBoard, peers: DualBoard[], virtualPorts: VirtualPort[] = []) {
  return desiredNetwork(lab, own, { ipv6: { ...RANGES_V6, podCIDR: own.podCIDRv6 }, peers, virtualPorts });
}

async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: DualBoard,
  wanted: DesiredNetwork,
  expected: RegExp[] = [],
) {
  const { namespace } = board;
  const problems: NetworkProblem[] = [];
  const commands = lab.commands(namespace);
  const network = await nodeNetwork(lab, board, {
    clock: new FakeClock(),
    ipv6: async () => new Ipv6Network(commands, await lab.ipv6Forwarding(board), 'edge0'),
    kernelRoutes: () => lab.run(namespace, 'cat', '/proc/net/route'),
    onProblems: (found) => problems.splice(0, problems.length, ...found),
  });
  await network.start();
  t.teardown(() => network.stop());
  await network.update(wanted);
  t.match(
    problems.map(({ message }) => message),
    expected,
  );
  t.equal(problems.length, expected.length);
  return network;
}

t.test(
  'pods reach pods of other boards and keep their own address, in both families',
  dualOnly,
  async (t) => {
    const { lab, a, b } = await world(t);
    await networkOf(t, lab, a, desired(lab, a, [b]));
    await networkOf(t, lab, b, desired(lab, b, [a]));
    const port = await lab.listen(b.pod, '::', 0, 'pod-b');
    t.equal(await lab.connect(a.pod, b.podAddressV6, port), `pod-b ${a.podAddressV6}`);
    t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ::ffff:${a.podAddress}`);
    t.equal(await lab.connect(a.namespace, b.podAddressV6, port), `pod-b ${a.inClusterV6}`, 'a board');
    const outside = await lab.listen(lab.stranger, '::', 0, 'lan');
    t.equal(
      await lab.connect(a.pod, `${LAN_V6}::1`, outside),
      `lan ${LAN_V6}::10`,
      "with the board's towards the LAN",
    );
  },
);

t.test('a host of the LAN that adds a route reaches neither pods nor Services', dualOnly, async (t) => {
  const { lab, a, b } = await world(t);
  const local = await lab.listen(a.namespace, '::', 0, 'service');
  const port = await lab.listen(a.pod, '::', 0, 'pod');
  const virtual: VirtualPort = { ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local };
  await networkOf(t, lab, a, desired(lab, a, [b], [virtual]));
  for (const range of ['fd00:10:40::/48', 'fd00:10:48::/112'])
    await lab.ip(lab.stranger, `route add ${range} via ${LAN_V6}::10`);
  t.equal(await lab.connect(lab.stranger, a.podAddressV6, port), 'TIMEOUT');
  t.notMatch(await lab.connect(lab.stranger, SERVICE_IP, 80), /service/);
  t.equal(await lab.connect(lab.stranger, a.inClusterV6, local), 'TIMEOUT');
  t.match(await lab.connect(a.namespace, a.podAddressV6, port), /^pod /, 'the board does');
});

t.test('a Service address works from pods and from the board, others are refused', dualOnly, async (t) => {
  const { lab, a } = await world(t);
  const local = await lab.listen(a.namespace, '::', 0, 'service');
  const virtual: VirtualPort = { ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local };
  await networkOf(t, lab, a, desired(lab, a, [], [virtual]));
  t.equal(await lab.connect(a.pod, SERVICE_IP, 80), `service ${a.podAddressV6}`);
  t.match(await lab.connect(a.namespace, SERVICE_IP, 80), /^service /);
  for (const from of [a.pod, a.namespace]) {
    t.equal(await lab.connect(from, SERVICE_IP, 81), 'ECONNREFUSED', 'a port that no Service has');
    t.equal(await lab.connect(from, 'fd00:10:48::77', 80), 'ECONNREFUSED', 'an address that no Service has');
    await t.rejects(lab.run(from, 'ping', '-c', '1', '-W', '1', SERVICE_IP), 'silent to ping');
  }
});

t.test('a UDP port of the board answers from whichever of its addresses was asked', dualOnly, async (t) => {
  const { lab, a } = await world(t);
  const local = 20_111;
  const virtual: VirtualPort = { ip: '::', protocol: 'udp', port: 30053, localPort: local, isOpen: true };
  const external: VirtualPort = { ...virtual, ip: '2001:db8::5', port: 53 };
  await networkOf(t, lab, a, desired(lab, a, [], [virtual, external]));
  await lab.answerUdp(a.namespace, local, 'service', a.inClusterV6);
  await lab.ip(a.namespace, `address add ${LAN_V6}::99/64 dev eth0 nodad`);
  for (const asked of [a.addressV6, `${LAN_V6}::99`])
    t.equal(await lab.askUdp(lab.stranger, asked, 30053), `service ${LAN_V6}::1`, `from outside, ${asked}`);
  for (const asked of [a.addressV6, a.gatewayV6])
    t.equal(await lab.askUdp(a.pod, asked, 30053), `service ${a.podAddressV6}`, `from a pod, ${asked}`);
  t.match(await lab.askUdp(a.namespace, a.addressV6, 30053), /^service /, 'from the board itself');
  const linkLocal = `${linkLocalOf(a.address)}%lan`;
  t.match(await lab.askUdp(lab.stranger, linkLocal, 30053), /^service fe80:/, 'by a link-local address');
  t.equal(await lab.askUdp(lab.stranger, a.addressV6, 30054), 'ECONNREFUSED', 'no other port');
  await lab.ip(lab.stranger, `route add ${external.ip} via ${a.addressV6}`);
  t.equal(await lab.askUdp(lab.stranger, external.ip, 53), `service ${LAN_V6}::1`, 'an external address');
});

t.test('who comes after a killed agent reads where its maps lead, in both families', dualOnly, async (t) => {
  const { lab, a } = await world(t);
  const commands = lab.commands(a.namespace);
  t.same(await mappedPorts(commands), [], 'a board that was never any');
  const ports: VirtualPort[] = [
    { ip: '10.48.0.9', protocol: 'udp', port: 53, localPort: 20_001 },
    { ip: '10.48.0.9', protocol: 'tcp', port: 80, localPort: 40_001 },
    { ip: '203.0.113.5', protocol: 'udp', port: 53, localPort: 20_002, isOpen: true },
    { ip: '0.0.0.0', protocol: 'udp', port: 30053, localPort: 20_003, isOpen: true },
    { ip: SERVICE_IP, protocol: 'udp', port: 53, localPort: 20_004 },
    { ip: '::', protocol: 'udp', port: 30053, localPort: 20_005, isOpen: true },
  ];
  await networkOf(t, lab, a, desired(lab, a, [], ports));
  const byPort = (found: readonly VirtualPort[]) => found.toSorted((x, y) => x.localPort - y.localPort);
  t.same(byPort(await mappedPorts(commands)), byPort(ports.map(({ isOpen: _, ...port }) => port)));
});

t.test('pods behind a router are reached through the tunnel', dualOnly, async (t) => {
  const { lab, a, b } = await world(t);
  b.address = (await lab.moveBehindRouter()).address;
  await networkOf(t, lab, a, desired(lab, a, [b]));
  await networkOf(t, lab, b, desired(lab, b, [a]));
  const port = await lab.listen(b.pod, '::', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddressV6, port), `pod-b ${a.podAddressV6}`);
});

t.test('all of it goes, and nothing else', dualOnly, async (t) => {
  const { lab, a, b } = await world(t);
  const look = async () => [
    await lab.ip(a.namespace, '-6 -o address show scope global'),
    await lab.ip(a.namespace, '-6 route show proto 148'),
    await lab.run(a.namespace, 'nft', 'list', 'tables', 'ip6'),
  ];
  const before = await look();
  const network = await networkOf(t, lab, a, desired(lab, a, [b]));
  t.notSame(await look(), before);
  const { ipv6: _, ...single } = desired(lab, a, [b]);
  await network.update(single);
  t.same(await look(), before, 'when the cluster has one family');
  await network.update(desired(lab, a, [b]));
  await network.stop();
  t.same(await look(), before, 'when the agent goes for good');
  t.notMatch(await lab.ip(a.namespace, '-6 address show dev eth0'), 'fe80::ed:');
});

t.test('where ip6tables drops by policy, pods get out and nobody new gets in', dualOnly, async (t) => {
  const { lab, a, b } = await world(t);
  const rules = async () =>
    (await lab.run(a.namespace, 'nft', 'list', 'ruleset')).replaceAll(/counter packets \d+ bytes \d+/g, '');
  for (const line of ['-P FORWARD DROP', '-A FORWARD -d 2001:db8::/32 -j ACCEPT'])
    await lab.run(a.namespace, 'ip6tables', ...line.split(' '));
  const before = await rules();
  const network = await networkOf(t, lab, a, desired(lab, a, [b]), [
    /chain filter FORWARD drops forwarded packets/,
  ]);
  await networkOf(t, lab, b, desired(lab, b, [a]));
  const outside = await lab.listen(lab.stranger, '::', 0, 'lan');
  t.equal(await lab.connect(a.pod, `${LAN_V6}::1`, outside), `lan ${a.addressV6}`);
  const other = await lab.listen(b.pod, '::', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddressV6, other), `pod-b ${a.podAddressV6}`);
  const own = await lab.listen(a.pod, '::', 0, 'pod-a');
  const neighbour = await addDualPod(lab, a);
  const said = `pod-a ${neighbour.addressV6}`;
  t.equal(await lab.connect(neighbour.namespace, a.podAddressV6, own), said, 'over the bridge');
  t.notMatch(await lab.connect(b.pod, a.podAddressV6, own), /pod-a/);
  const withOurs = await lab.run(a.namespace, 'ip6tables', '-S', 'FORWARD');
  await network.update(desired(lab, a, []));
  t.equal(await lab.run(a.namespace, 'ip6tables', '-S', 'FORWARD'), withOurs, 'once each');
  const { ipv6: _, ...single } = desired(lab, a, []);
  await network.update(single);
  t.notMatch(await lab.run(a.namespace, 'ip6tables', '-S', 'FORWARD'), /edge-cluster/, 'with one family');
  await network.update(desired(lab, a, []));
  await network.stop();
  t.equal(await rules(), before);
});

t.test('a LAN within the ranges of IPv6 is told, and keeps no pod away', dualOnly, async (t) => {
  const { lab, a } = await world(t);
  await lab.ip(a.namespace, 'address add fd00:10:40:77::3/64 dev eth0 nodad');
  const network = await networkOf(t, lab, a, desired(lab, a, []), [
    /pod range fd00:10:40::\/48 overlaps the board's route to fd00:10:40:77::\/64/,
  ]);
  t.equal(network.podCIDRv6, a.podCIDRv6);
});

t.test('where IPv6 fails that is told, and IPv4 goes on', dualOnly, async (t) => {
  const { lab, a, b } = await world(t);
  await lab.run(a.namespace, 'sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
  const network = await networkOf(t, lab, a, desired(lab, a, [b]), [/Permission denied|IPv6 is disabled/]);
  t.equal(network.ipv6Address, undefined, 'no Service listens there');
  t.equal(network.podCIDR, a.podCIDR);
  t.match(await lab.ip(a.namespace, 'route show proto 148'), b.podCIDR);
});

t.test('addresses that a board gets later are told of, cables of pods are not', dualOnly, async (t) => {
  const { lab, a } = await world(t);
  const clock = new FakeClock();
  let [told, looks] = [0, 0];
  const network = await nodeNetwork(lab, a, {
    clock,
    kernelRoutes: async () => {
      const text = await kernelRoutes((path) => lab.run(a.namespace, 'cat', path));
      looks++;
      return text;
    },
    onRoutesChanged: () => void told++,
    onProblems: (problems) => t.same(problems, []),
  });
  t.teardown(() => network.stop());
  await network.start();
  const isToldAtNextLook = async () => {
    const before = { told, looks };
    await clock.advance(5_000);
    await eventually(() => looks > before.looks);
    // What it set off is over when this is.
    await network.update(desired(lab, a, []));
    return told > before.told;
  };
  // Its own changes are looked at once more.
  for (let i = 0; i < 2; i++) await network.update(desired(lab, a, []));
  t.notOk(await isToldAtNextLook(), 'nothing has changed');
  await lab.addPod(a);
  t.notOk(await isToldAtNextLook(), "a pod's cable has come");
  for (const address of ['10.199.77.99/24', `${LAN_V6}::99/64`]) {
    await lab.ip(a.namespace, `address add ${address} dev eth0`);
    t.ok(await isToldAtNextLook(), `${address} has come`);
    while (await isToldAtNextLook());
    await lab.ip(a.namespace, `address delete ${address} dev eth0`);
    t.ok(await isToldAtNextLook(), `${address} has gone`);
    while (await isToldAtNextLook());
  }
});
