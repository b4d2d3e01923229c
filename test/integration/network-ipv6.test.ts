// Where IPv6 packets go on real boards' kernels: two boards, their pods and a stranger on the LAN, in namespaces.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boardHasIpv6 } from '../../src/network/board-ipv6.ts';
import type { DesiredNetwork, NetworkProblem, VirtualPort } from '../../src/network/board-network.ts';
import { boardAddress } from '../../src/network/ipv6/ipv6-addresses.ts';
import { Ipv6Forwarding } from '../../src/network/ipv6/ipv6-forwarding.ts';
import { Ipv6Network } from '../../src/network/ipv6/ipv6-network.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { desiredNetwork, nodeNetwork } from '../support/lab-network.ts';
import { type LabBoard, NetworkLab, rootOnly } from '../support/network-lab.ts';

const SERVICE_IP = 'fd00:10:48::9';
const LAN = 'fd00:77';
const skip = boardHasIpv6() ? rootOnly : { skip: 'this kernel has no IPv6' };

interface Board extends LabBoard {
  podCIDRv6: string;
  podAddressV6: string;
}

/** Pods and a LAN of both families; the LAN's own router knows nothing of pods. */
async function dualLab(t: Test): Promise<{ lab: NetworkLab; a: Board; b: Board }> {
  const lab = new NetworkLab(100);
  t.teardown(() => lab.stop());
  await lab.start();
  await lab.ip(lab.stranger, `address add ${LAN}::1/64 dev lan nodad`);
  const boards: Board[] = [];
  for (const [i, board] of lab.boards.entries()) {
    const range = `fd00:10:40:${i + 1}::`;
    await lab.run(board.namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    await lab.ip(board.namespace, `address add ${LAN}::1${i}/64 dev eth0 nodad`);
    await lab.ip(board.namespace, `address add ${range}1/64 dev edge0 nodad`);
    await lab.ip(board.pod, `address add ${range}5/64 dev eth0 nodad`);
    await lab.ip(board.pod, `route add ::/0 via ${range}1`);
    boards.push({ ...board, podCIDRv6: `${range}/64`, podAddressV6: `${range}5` });
  }
  for (const { namespace, pod } of boards) for (const name of [namespace, pod]) await untilSettled(lab, name);
  // Stand for the boards' switches, which are on from the start.
  const switches = boards.map(({ namespace }) => [namespace, { conf: { all: { forwarding: '1' } } }]);
  t.testdir(Object.fromEntries(switches));
  const [a, b] = boards as [Board, Board];
  return { lab, a, b };
}

/** A new link asks around for a second or two whether anybody has its address, and answers to nobody meanwhile. */
function untilSettled(lab: NetworkLab, namespace: string): Promise<void> {
  return eventually(async () => {
    const asking = await lab.run(namespace, 'ip', '-6', '-oneline', 'address', 'show', 'tentative');
    if (asking !== '') throw new Error(asking);
  });
}

function desired(lab: NetworkLab, own: Board, peers: Board[], virtualPorts: VirtualPort[] = []) {
  const ranges = { podRange: 'fd00:10:40::/48', serviceRange: 'fd00:10:48::/112' };
  return desiredNetwork(lab, own, { ipv6: { ...ranges, podCIDR: own.podCIDRv6 }, peers, virtualPorts });
}

async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: Board,
  wanted: DesiredNetwork,
  expected: RegExp[] = [],
) {
  const { namespace } = board;
  const dir = join(t.testdirName, namespace);
  const problems: NetworkProblem[] = [];
  const commands = lab.commands(namespace);
  const network = await nodeNetwork(lab, board, {
    clock: new FakeClock(),
    ipv6: async () => new Ipv6Network(commands, new Ipv6Forwarding(join(dir, 'was'), join(dir, 'conf'))),
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

t.test('pods reach pods of other boards and keep their own address, in both families', skip, async (t) => {
  const { lab, a, b } = await dualLab(t);
  await networkOf(t, lab, a, desired(lab, a, [b]));
  await networkOf(t, lab, b, desired(lab, b, [a]));
  const port = await lab.listen(b.pod, '::', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddressV6, port), `pod-b ${a.podAddressV6}`);
  t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ::ffff:${a.podAddress}`);
  t.equal(
    await lab.connect(a.namespace, b.podAddressV6, port),
    `pod-b ${boardAddress(a.podCIDRv6)}`,
    'a board',
  );
  const outside = await lab.listen(lab.stranger, '::', 0, 'lan');
  t.equal(
    await lab.connect(a.pod, `${LAN}::1`, outside),
    `lan ${LAN}::10`,
    "with the board's towards the LAN",
  );
});

t.test('a host of the LAN that adds a route reaches neither pods nor Services', skip, async (t) => {
  const { lab, a, b } = await dualLab(t);
  const local = await lab.listen(a.namespace, '::', 0, 'service');
  const port = await lab.listen(a.pod, '::', 0, 'pod');
  const virtual: VirtualPort = { ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local };
  await networkOf(t, lab, a, desired(lab, a, [b], [virtual]));
  for (const range of ['fd00:10:40::/48', 'fd00:10:48::/112'])
    await lab.ip(lab.stranger, `route add ${range} via ${LAN}::10`);
  t.equal(await lab.connect(lab.stranger, a.podAddressV6, port), 'TIMEOUT');
  t.notMatch(await lab.connect(lab.stranger, SERVICE_IP, 80), /service/);
  t.equal(await lab.connect(lab.stranger, boardAddress(a.podCIDRv6), local), 'TIMEOUT');
  t.match(await lab.connect(a.namespace, a.podAddressV6, port), /^pod /, 'the board does');
});

t.test('a Service address works from pods and from the board, others are refused', skip, async (t) => {
  const { lab, a } = await dualLab(t);
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

t.test('pods behind a router are reached through the tunnel', skip, async (t) => {
  const { lab, a, b } = await dualLab(t);
  b.address = (await lab.moveBehindRouter()).address;
  await networkOf(t, lab, a, desired(lab, a, [b]));
  await networkOf(t, lab, b, desired(lab, b, [a]));
  const port = await lab.listen(b.pod, '::', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddressV6, port), `pod-b ${a.podAddressV6}`);
});

t.test('all of it goes, and nothing else', skip, async (t) => {
  const { lab, a, b } = await dualLab(t);
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

t.test('a firewall that drops IPv6 is reported, not overridden', skip, async (t) => {
  const { lab, a } = await dualLab(t);
  const rules = 'table ip6 filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }';
  await lab.commands(a.namespace).run('nft', ['-f', '-'], rules);
  await networkOf(t, lab, a, desired(lab, a, []), [/chain filter FORWARD drops forwarded packets/]);
});

t.test('where IPv6 fails that is told, and IPv4 goes on', skip, async (t) => {
  const { lab, a, b } = await dualLab(t);
  await lab.run(a.namespace, 'sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
  const network = await networkOf(t, lab, a, desired(lab, a, [b]), [/Permission denied|IPv6 is disabled/]);
  t.equal(network.ipv6Address, undefined, 'no Service listens there');
  t.equal(network.podCIDR, a.podCIDR);
  t.match(await lab.ip(a.namespace, 'route show proto 148'), b.podCIDR);
});
