// Where packets go on real boards' kernels: two boards, their pods and a stranger on the LAN, in namespaces.
import t, { type Test } from 'tap';
import {
  type NetworkProblem,
  type Place,
  SERVICE_LISTEN_ADDRESS,
  type VirtualPort,
} from '../../src/network/board-network.ts';
import type { NodeNetworkOptions } from '../../src/network/node-network.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { desiredNetwork, nodeNetwork } from '../support/lab-network.ts';
import { type LabBoard, NetworkLab, rootOnly } from '../support/network-lab.ts';

const SERVICE_IP = '10.48.0.9';

const desired = (lab: NetworkLab, board: LabBoard, virtualPorts: VirtualPort[] = []) =>
  desiredNetwork(lab, board, { virtualPorts });

let labs = 0;

async function startedLab(t: Test): Promise<{ lab: NetworkLab; a: LabBoard; b: LabBoard }> {
  const lab = new NetworkLab(labs++);
  t.teardown(() => lab.stop());
  await lab.start();
  const [a, b] = lab.boards as [LabBoard, LabBoard];
  return { lab, a, b };
}

async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: LabBoard,
  kernelRoutes = () => lab.run(board.namespace, 'cat', '/proc/net/route'),
  more: Partial<NodeNetworkOptions> = {},
) {
  const problems: NetworkProblem[] = [];
  const told: string[] = [];
  const clock = new FakeClock();
  const network = await nodeNetwork(lab, board, {
    clock,
    kernelRoutes,
    onPodCIDR: () => told.push('range'),
    onRoutesChanged: () => void told.push('routes'),
    onProblems: (found) => problems.splice(0, problems.length, ...found),
    ...more,
  });
  await network.start();
  t.teardown(() => network.stop());
  return { network, problems, clock, told };
}

const rules = (lab: NetworkLab, board: LabBoard) => lab.run(board.namespace, 'nft', 'list', 'ruleset');
// Of IPv6 the kernel adds routes by itself, a while after an interface came up.
const routes = (lab: NetworkLab, board: LabBoard) => lab.ip(board.namespace, '-4 route show table all');
const addresses = (lab: NetworkLab, board: LabBoard) => lab.ip(board.namespace, 'address show dev lo');

t.test('pods reach pods of other boards and keep their own address', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  for (const board of [a, b]) {
    const { network, problems } = await networkOf(t, lab, board);
    await network.update(desired(lab, board));
    t.same(problems, []);
  }
  const port = await lab.listen(b.pod, '0.0.0.0', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ${a.podAddress}`);
  const outside = await lab.listen(lab.stranger, '0.0.0.0', 0, 'lan');
  t.equal(
    await lab.connect(a.pod, '10.199.77.1', outside),
    `lan ${a.address}`,
    "to the LAN they have the board's",
  );
});

t.test('they keep it where something else on the board masquerades what leaves it', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  const router = `table ip router {
 chain out {
  type nat hook postrouting priority srcnat; policy accept;
  ip saddr ${a.podCIDR} ip daddr != ${a.podCIDR} masquerade
 }
}
`;
  await lab.commands(a.namespace).run('nft', ['-f', '-'], router);
  for (const board of [a, b]) await (await networkOf(t, lab, board)).network.update(desired(lab, board));
  const port = await lab.listen(b.pod, '0.0.0.0', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ${a.podAddress}`);
  const outside = await lab.listen(lab.stranger, '0.0.0.0', 0, 'lan');
  t.equal(await lab.connect(a.pod, '10.199.77.1', outside), `lan ${a.address}`);
});

t.test('the range counts as ready when its rules are there, whatever its routes', rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  await lab.ip(a.namespace, 'link set eth0 down');
  await lab.run(a.namespace, 'iptables', '-P', 'FORWARD', 'DROP');
  const { network, problems } = await networkOf(t, lab, a);
  t.equal(network.podCIDR, undefined);
  await network.update(desired(lab, a));
  const unrouted = problems.filter(({ reason }) => reason === 'RouteFailed');
  t.match(unrouted, [{ isBlocking: false }], 'routes over a cable that is out');
  t.equal(network.podCIDR, a.podCIDR);
  t.match(await rules(lab, a), 'chain leaving');
  t.match(
    await lab.run(a.namespace, 'iptables', '-S', 'FORWARD'),
    'edge-cluster',
    'and pods pass the firewall',
  );
});

t.test('a Service address works from pods and from the board, and for nobody else', rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  const { network } = await networkOf(t, lab, a);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
  await lab.listen(a.namespace, '0.0.0.0', 80, 'another program');
  await network.update(desired(lab, a, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local }]));
  t.equal(
    await lab.connect(a.pod, SERVICE_IP, 80),
    `service ${a.podAddress}`,
    'beside a listener on 0.0.0.0:80',
  );
  t.match(await lab.connect(a.namespace, SERVICE_IP, 80), /^service /);
  t.match(await lab.connect(a.namespace, '127.0.0.1', 80), /^another program /);
  for (const from of [a.pod, a.namespace]) {
    t.equal(await lab.connect(from, SERVICE_IP, 81), 'ECONNREFUSED', 'a port that no Service has');
    t.equal(await lab.connect(from, '10.48.7.7', 80), 'ECONNREFUSED', 'an address that no Service has');
    await t.rejects(lab.run(from, 'ping', '-c', '1', '-W', '1', SERVICE_IP), 'silent to ping');
  }
  await lab.ip(lab.stranger, `route add 10.48.0.0/16 via ${a.address}`);
  await lab.ip(lab.stranger, `route add ${SERVICE_LISTEN_ADDRESS} via ${a.address}`);
  t.notMatch(await lab.connect(lab.stranger, SERVICE_IP, 80), /service|program/);
  t.notMatch(await lab.connect(lab.stranger, SERVICE_LISTEN_ADDRESS, local), /service|program/);
});

t.test('external addresses and ports of the board are for the LAN too', rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  const { network } = await networkOf(t, lab, a);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
  await network.update(
    desired(lab, a, [
      { ip: '203.0.113.5', protocol: 'tcp', port: 80, localPort: local, isOpen: true },
      { ip: '0.0.0.0', protocol: 'tcp', port: 30080, localPort: local, isOpen: true },
    ]),
  );
  await lab.ip(lab.stranger, `route add 203.0.113.5 via ${a.address}`);
  for (const address of ['203.0.113.5', a.address]) {
    const port = address === a.address ? 30080 : 80;
    t.equal(await lab.connect(lab.stranger, address, port), 'service 10.199.77.1', 'with its own address');
    t.equal(await lab.connect(a.pod, address, port), `service ${a.podAddress}`);
  }
  t.match(await lab.connect(a.namespace, a.address, 30080), /^service /, 'from the board itself');
  t.equal(await lab.connect(lab.stranger, a.address, 80), 'ECONNREFUSED', 'no other port');
});

t.test("a Service works while the pods' bridge is gone", rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  const { network } = await networkOf(t, lab, a);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
  await network.update(desired(lab, a, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local }]));
  await lab.ip(a.namespace, 'link delete edge0');
  t.match(await lab.connect(a.namespace, SERVICE_IP, 80), /^service /);
});

t.test('a host of the LAN that adds a route reaches no pod, boards and pods do', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  for (const board of [a, b]) await (await networkOf(t, lab, board)).network.update(desired(lab, board));
  const port = await lab.listen(b.pod, '0.0.0.0', 0, 'pod-b');
  await lab.ip(lab.stranger, `route add ${b.podCIDR} via ${b.address}`);
  t.notMatch(await lab.connect(lab.stranger, b.podAddress, port), /pod-b/);
  t.equal(await lab.connect(a.namespace, b.podAddress, port), `pod-b ${a.address}`);
  t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ${a.podAddress}`);
  t.match(await lab.connect(b.namespace, b.podAddress, port), /^pod-b /);
  await lab.run(b.namespace, 'nft', 'add', 'table', 'ip', 'published');
  await lab.run(
    b.namespace,
    'nft',
    'add chain ip published in { type nat hook prerouting priority dstnat; }',
  );
  await lab.run(
    b.namespace,
    'nft',
    `add rule ip published in tcp dport 8000 dnat to ${b.podAddress}:${port}`,
  );
  t.match(await lab.connect(lab.stranger, b.address, 8000), /^pod-b /, 'what the board itself publishes');
});

t.test(
  'boards behind a router reach each other by a tunnel, source kept, whole packets',
  rootOnly,
  async (t) => {
    const { lab, a } = await startedLab(t);
    const b = await lab.moveBehindRouter();
    const networks = [];
    for (const board of [a, b]) {
      const { network, problems } = await networkOf(t, lab, board);
      await network.update(desired(lab, board));
      t.same(problems, []);
      networks.push(network);
    }
    const port = await lab.listen(b.pod, '0.0.0.0', 0, 'pod-b');
    t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ${a.podAddress}`);
    t.equal(
      await lab.connect(a.namespace, b.podAddress, port),
      'pod-b 10.40.0.0',
      'a board comes by its own end',
    );
    t.match(
      await lab.run(a.namespace, 'ip', '-details', 'link', 'show', 'edge-vxlan'),
      /mtu 1450 .* id 148 /s,
    );
    const much = 'x'.repeat(50_000);
    const bulk = await lab.listen(b.pod, '0.0.0.0', 0, much);
    const answer = await lab.connect(a.pod, b.podAddress, bulk);
    t.equal(answer.length, `${much} ${a.podAddress}`.length, 'full segments fit');
    const [first] = networks;
    await lab.ip(a.namespace, 'link delete edge-vxlan');
    await first?.update(desired(lab, a));
    t.equal(await lab.connect(a.pod, b.podAddress, port), `pod-b ${a.podAddress}`, 'healed');
    await first?.update({ ...desired(lab, a), peers: [] });
    t.notMatch(await lab.ip(a.namespace, 'link show'), 'edge-vxlan', 'gone with the last peer that needs it');
  },
);

t.test('a connection that exists lives on when other Services come and go', rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  const { network } = await networkOf(t, lab, a);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
  const first: VirtualPort = { ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local };
  await network.update(desired(lab, a, [first]));
  t.match(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
  await network.update(desired(lab, a, [first, { ...first, ip: '10.48.0.10', port: 81 }]));
  t.match(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
  t.match(await lab.connect(a.pod, '10.48.0.10', 81), /^service /);
  await network.update(desired(lab, a, []));
  t.equal(await lab.connect(a.pod, SERVICE_IP, 80), 'ECONNREFUSED');
});

t.test(
  'a peer that left takes its route with it, and a restart sweeps what a killed agent left',
  rootOnly,
  async (t) => {
    const { lab, a, b } = await startedLab(t);
    const killed = await nodeNetwork(lab, a, { removeOnStop: false, onProblems: () => {} });
    await killed.start();
    const stale: VirtualPort = { ip: '10.48.0.77', protocol: 'udp', port: 80, localPort: 1 };
    await killed.update(desired(lab, a, [stale]));
    t.match(await routes(lab, a), b.podCIDR);
    t.match(await rules(lab, a), '10.48.0.77');
    const { network } = await networkOf(t, lab, a);
    await network.update({ ...desired(lab, a), peers: [] });
    t.notMatch(await routes(lab, a), b.podCIDR);
    t.notMatch(await rules(lab, a), '10.48.0.77');
  },
);

t.test('a stop that removes leaves nothing of ours and all of others', rootOnly, async (t) => {
  const { lab, a } = await startedLab(t);
  await lab.ip(a.namespace, 'route add 10.123.0.0/16 via 10.199.77.1');
  const before = [await rules(lab, a), await routes(lab, a), await addresses(lab, a)];
  const { network } = await networkOf(t, lab, a);
  await network.update(desired(lab, a, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: 1 }]));
  t.not(await rules(lab, a), before[0]);
  await network.stop();
  t.same([await rules(lab, a), await routes(lab, a), await addresses(lab, a)], before);
});

t.test(
  'a LAN in the pod range and a firewall that drops are reported, not overridden',
  rootOnly,
  async (t) => {
    const { lab, a } = await startedLab(t);
    await lab.ip(a.namespace, 'route add 10.41.0.0/16 via 10.199.77.1');
    const firewall =
      'table ip wall {\n chain FORWARD {\n type filter hook forward priority 0; policy drop;\n }\n}';
    await lab.commands(a.namespace).run('nft', ['-f', '-'], firewall);
    const { network, problems } = await networkOf(t, lab, a);
    await network.update(desired(lab, a));
    t.match(
      problems.map((problem) => problem.reason),
      ['RangeOverlap', 'ForwardingDropped'],
    );
    t.match(problems[0]?.message, '10.41.0.0/16');
    t.match(await rules(lab, a), 'policy drop');
  },
);

t.test('where iptables drops by policy, pods get out and nobody new gets in', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  for (const line of ['-P FORWARD DROP', '-A FORWARD -d 192.0.2.0/24 -j ACCEPT'])
    await lab.run(a.namespace, 'iptables', ...line.split(' '));
  const before = await rules(lab, a);
  const { network, problems } = await networkOf(t, lab, a);
  await network.update(desired(lab, a));
  await (await networkOf(t, lab, b)).network.update(desired(lab, b));
  const outside = await lab.listen(lab.stranger, '0.0.0.0', 0, 'lan');
  t.equal(await lab.connect(a.pod, '10.199.77.1', outside), `lan ${a.address}`);
  const other = await lab.listen(b.pod, '0.0.0.0', 0, 'pod-b');
  t.equal(await lab.connect(a.pod, b.podAddress, other), `pod-b ${a.podAddress}`);
  const own = await lab.listen(a.pod, '0.0.0.0', 0, 'pod-a');
  t.notMatch(await lab.connect(b.pod, a.podAddress, own), /pod-a/);
  t.match(problems, [{ reason: 'ForwardingDropped', isBlocking: false }]);
  const withOurs = await lab.run(a.namespace, 'iptables', '-S', 'FORWARD');
  await network.update({ ...desired(lab, a), peers: [] });
  t.equal(await lab.run(a.namespace, 'iptables', '-S', 'FORWARD'), withOurs, 'once each');
  await network.stop();
  t.equal(
    (await rules(lab, a)).replaceAll(/counter packets \d+ bytes \d+/g, ''),
    before.replaceAll(/counter packets \d+ bytes \d+/g, ''),
  );
});

t.test('routes that the board lost, or could not have yet, come back', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  const unchanged = async () => '';
  const { network, problems, clock } = await networkOf(t, lab, a, unchanged);
  await lab.ip(a.namespace, 'link set eth0 down');
  await network.update(desired(lab, a));
  t.match(problems, [{ reason: 'RouteFailed', message: /unreachable|down|invalid gateway/ }]);
  await lab.ip(a.namespace, 'link set eth0 up');
  await clock.advance(10_000);
  await eventually(async () => (await routes(lab, a)).includes(b.podCIDR));
  await eventually(() => problems.length === 0);
  await lab.ip(a.namespace, 'link set eth0 down');
  await lab.ip(a.namespace, 'link set eth0 up');
  t.notMatch(await routes(lab, a), b.podCIDR, 'the kernel drops routes of an interface that goes down');
  await network.update(desired(lab, a));
  t.match(await routes(lab, a), b.podCIDR);
});

t.test('routes that went with an interface come back though nobody tells of it', rootOnly, async (t) => {
  const { lab, a, b } = await startedLab(t);
  const { network, clock, told } = await networkOf(t, lab, a);
  await network.update(desired(lab, a));
  await network.update(desired(lab, a));
  t.same(told, ['range'], 'once, when pods may start');
  await lab.ip(a.namespace, 'link set eth0 down');
  await lab.ip(a.namespace, 'link set eth0 up');
  t.notMatch(await routes(lab, a), b.podCIDR, 'the kernel drops routes of an interface that goes down');
  await clock.advance(5_000);
  await eventually(async () => (await routes(lab, a)).includes(b.podCIDR));
  t.same(told, ['range', 'routes'], "the pods' bridge may have gone as well");
  await network.update(desired(lab, a));
  for (const time of ['again', 'and again']) {
    await lab.ip(a.namespace, 'link set eth0 down');
    await lab.ip(a.namespace, 'link set eth0 up');
    t.notMatch(await routes(lab, a), b.podCIDR, time);
    await clock.advance(5_000);
    await eventually(async () => (await routes(lab, a)).includes(b.podCIDR));
  }
});

t.test(
  'rules and the address that somebody took away come back though nobody tells of it',
  rootOnly,
  async (t) => {
    const { lab, a, b } = await startedLab(t);
    const isReached = async ({ ip, port }: Place) =>
      /^service /.test(await lab.connect(a.namespace, ip, port));
    const { network, clock } = await networkOf(t, lab, a, undefined, { isReached });
    const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
    const port: VirtualPort = { ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local };
    await network.update({ ...desired(lab, a, [port]), probe: { ip: SERVICE_IP, port: 80 } });
    const before = await rules(lab, a);
    await lab.run(a.namespace, 'nft', 'flush', 'ruleset');
    t.notMatch(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
    await clock.advance(5_000);
    await eventually(async () => (await rules(lab, a)) === before);
    t.match(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
    await lab.ip(a.namespace, `address delete ${SERVICE_LISTEN_ADDRESS}/32 dev lo`);
    await lab.ip(a.namespace, '-4 route flush proto 148');
    t.notMatch(await routes(lab, a), b.podCIDR);
    await clock.advance(5_000);
    await eventually(async () => (await addresses(lab, a)).includes(SERVICE_LISTEN_ADDRESS));
    await eventually(async () => (await routes(lab, a)).includes(b.podCIDR));
  },
);

t.test(
  'single rules and entries that somebody changed are put right within a minute, and told',
  rootOnly,
  async (t) => {
    const { lab, a } = await startedLab(t);
    await lab.run(a.namespace, 'iptables', '-P', 'FORWARD', 'DROP');
    const restored: string[] = [];
    const onRestored = (parts: readonly string[]) => void restored.push(...parts);
    const { network, clock } = await networkOf(t, lab, a, async () => '', { onRestored });
    await network.update(desired(lab, a, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: 1 }]));
    const all = () => lab.run(a.namespace, 'nft', '--stateless', 'list', 'ruleset');
    const before = await all();
    const harm = {
      'nft flush chain ip edge_cluster outsiders': 'chain outsiders of table ip edge_cluster',
      'nft insert rule ip edge_cluster guard accept': 'chain guard of table ip edge_cluster',
      [`nft delete element ip edge_cluster services { ${SERVICE_IP} . tcp . 80 }`]:
        'map services of table ip edge_cluster',
      'iptables -F FORWARD': 'chain FORWARD of table ip filter',
      'nft delete table ip edge_cluster': 'table ip edge_cluster',
    };
    for (const [command, part] of Object.entries(harm)) {
      await lab.run(a.namespace, 'sh', '-c', command);
      t.not(await all(), before);
      await clock.advance(60_000);
      await eventually(() => restored.length > 0);
      t.same(restored.splice(0), [part], command);
      t.equal(await all(), before);
    }
  },
);

t.test(
  'a port that nobody serves refuses at once, and outsiders alone where only they are not',
  rootOnly,
  async (t) => {
    const { lab, a } = await startedLab(t);
    const { network } = await networkOf(t, lab, a);
    await lab.listen(a.namespace, '0.0.0.0', 30080, 'socket');
    await lab.listen(a.namespace, '0.0.0.0', 30081, 'socket');
    const port = { ip: '0.0.0.0', protocol: 'tcp', localPort: 0, isOpen: true } as const;
    const external = { ...port, ip: '203.0.113.5', port: 80 };
    await network.update(
      desired(lab, a, [
        { ...port, port: 30080, refuses: 'everybody' },
        { ...port, port: 30081, refuses: 'outsiders' },
        { ...external, refuses: 'everybody' },
      ]),
    );
    await lab.ip(lab.stranger, `route add 203.0.113.5 via ${a.address}`);
    for (const from of [lab.stranger, a.pod, a.namespace]) {
      t.equal(await lab.connect(from, a.address, 30080), 'ECONNREFUSED', from);
    }
    for (const from of [lab.stranger, a.pod])
      t.equal(await lab.connect(from, '203.0.113.5', 80), 'ECONNREFUSED', from);
    t.equal(await lab.connect(lab.stranger, a.address, 30081), 'ECONNREFUSED');
    t.match(await lab.connect(a.pod, a.address, 30081), /^socket /);
    t.match(await lab.connect(a.namespace, '127.0.0.1', 30081), /^socket /);
    await network.update(desired(lab, a, []));
    t.match(await lab.connect(lab.stranger, a.address, 30080), /^socket /, 'and no longer than that');
  },
);

t.test(
  'a firewall that lets nothing in, and comes later, leaves pods their Services',
  rootOnly,
  async (t) => {
    const { lab, a } = await startedLab(t);
    const { network, problems, clock } = await networkOf(t, lab, a);
    const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'service');
    const other = await lab.listen(a.namespace, '0.0.0.0', 0, 'another program');
    await network.update(desired(lab, a, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local }]));
    await lab.run(a.namespace, 'iptables', '-P', 'INPUT', 'DROP');
    t.notMatch(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
    await clock.advance(60_000);
    await eventually(async () =>
      /--comment edge-cluster/.test(await lab.run(a.namespace, 'iptables', '-S', 'INPUT')),
    );
    t.match(await lab.connect(a.pod, SERVICE_IP, 80), /^service /);
    t.notMatch(await lab.connect(a.pod, a.address, other), /^another/, 'nothing else is let in');
    t.same(problems, []);
    const wall = 'table inet wall {\n chain in {\n type filter hook input priority 0; policy drop;\n }\n}';
    await lab.commands(a.namespace).run('nft', ['-f', '-'], wall);
    await clock.advance(60_000);
    await eventually(() => problems[0]?.reason === 'ServicesDropped');
    await lab.run(a.namespace, 'sh', '-c', String(problems[0]?.mend.replace(/^.*such as: /, '')));
    t.match(await lab.connect(a.pod, SERVICE_IP, 80), /^service /, 'what it says to do helps');
    await network.stop();
    t.notMatch(await lab.run(a.namespace, 'iptables', '-S'), /edge-cluster/);
  },
);
