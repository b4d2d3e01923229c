// Services that the kernel forwards by itself, on real kernels: the same kinds and the same expectations as in user
// space, from a pod, from a board and from the LAN, with the source address that the endpoint sees.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import {
  type DesiredNetwork,
  SERVICE_LISTEN_ADDRESS,
  type VirtualPort,
} from '../../src/network/board-network.ts';
import type { CommandRunner } from '../../src/network/command-runner.ts';
import { kernelConnections } from '../../src/network/kernel-connections.ts';
import { kernelForwardingProblem } from '../../src/network/kernel-forwarding.ts';
import { NodeNetwork } from '../../src/network/node-network.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import { planForwarders } from '../../src/proxy/forwarder-plan.ts';
import { planKernelPorts } from '../../src/proxy/kernel-ports.ts';
import type { ServiceView } from '../../src/proxy/service-view.ts';
import { withDependencies } from '../support/debian-packages.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type LabBoard, NetworkLab } from '../support/network-lab.ts';
import { endpointsOf, tcpService } from '../support/proxied-services.ts';

const SERVICE_IP = '10.48.0.9';
const EXTERNAL_IP = '203.0.113.5';
const LAN = '10.199.77.1';
const rootOnly = process.getuid?.() === 0 ? {} : { skip: 'needs root to make network namespaces' };
let labs = 20;

const conntrack = await withDependencies('conntrack');
const withConntrack = conntrack.missing ? { skip: conntrack.missing } : rootOnly;

function desired(
  lab: NetworkLab,
  board: LabBoard,
  services: ServiceView[],
  virtualPorts: VirtualPort[] = [],
): DesiredNetwork {
  const input = { hostPorts: [], listenAddress: SERVICE_LISTEN_ADDRESS, boardAddresses: [board.address] };
  return {
    podRange: '10.40.0.0/13',
    serviceRange: '10.48.0.0/16',
    podCIDR: board.podCIDR,
    address: board.address,
    peers: lab.boards.filter((other) => other !== board),
    virtualPorts,
    kernelPorts: [...planKernelPorts(planForwarders({ ...input, services }), ['tcp', 'udp']).values()],
  };
}

/** `conntrack` need not be installed on the machine that runs the tests. */
function commandsOf(lab: NetworkLab, { namespace }: LabBoard): CommandRunner {
  const commands = lab.commands(namespace);
  const program = join(conntrack.root ?? '', 'usr/sbin/conntrack');
  return {
    run: (name, args, input) => commands.run(name === 'conntrack' ? program : name, args, input),
  };
}

async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: LabBoard,
  removeOnStop = true,
): Promise<NodeNetwork> {
  const network = new NodeNetwork({
    clock: new FakeClock(),
    commands: commandsOf(lab, board),
    forwarding: await lab.forwarding(board),
    kernelRoutes: async () => '',
    bridge: 'edge0',
    removeOnStop,
    onProblems: (problems) => t.same(problems, []),
    logger: silentLogger,
  });
  t.teardown(() => network.stop());
  return network;
}

/** Board a forwards; a pod on it and one on board b answer with their names, another pod of board a asks. */
async function world(t: Test) {
  const lab = new NetworkLab(labs++);
  t.teardown(() => lab.stop());
  await lab.start();
  const [a, b] = lab.boards as [LabBoard, LabBoard];
  const networks: NodeNetwork[] = [];
  for (const board of [a, b]) {
    const network = await networkOf(t, lab, board);
    await network.start();
    networks.push(network);
  }
  const update = async (...services: ServiceView[]) => {
    for (const [index, network] of networks.entries()) {
      const board = lab.boards[index] as LabBoard;
      await network.update(desired(lab, board, index === 0 ? services : []));
    }
  };
  const near: Endpoint = { ip: a.podAddress, port: await lab.listen(a.pod, '0.0.0.0', 0, 'near') };
  const far: Endpoint = { ip: b.podAddress, port: await lab.listen(b.pod, '0.0.0.0', 0, 'far') };
  const client = await lab.addPod(a);
  return { lab, a, b, client, near, far, both: endpointsOf([near, far], [near]), update, networks };
}

/** What each endpoint says it saw, sorted; as many tries as there are endpoints must meet all of them. */
async function seen(lab: NetworkLab, from: string, host: string, port: number): Promise<string[]> {
  return [await lab.connect(from, host, port), await lab.connect(from, host, port)].sort();
}

t.test(
  'a Service address: in turn, from pods and the board, the source kept between boards',
  rootOnly,
  async (t) => {
    const { lab, a, client, both, update } = await world(t);
    await lab.listen(a.namespace, '0.0.0.0', 80, 'another program');
    await update(tcpService({}, { endpoints: both }));
    t.same(
      await seen(lab, client.namespace, SERVICE_IP, 80),
      [`far ${client.address}`, `near ${a.gateway}`],
      'a pod',
    );
    t.same(
      await seen(lab, a.namespace, SERVICE_IP, 80),
      [`far ${a.address}`, `near ${a.gateway}`],
      'the board',
    );
    t.match(await lab.connect(a.namespace, '127.0.0.1', 80), /^another program /);
    for (const from of [a.pod, a.namespace]) {
      t.equal(await lab.connect(from, SERVICE_IP, 81), 'ECONNREFUSED', 'a port that no Service has');
      await t.rejects(lab.run(from, 'ping', '-c', '1', '-W', '1', SERVICE_IP), 'silent to ping');
    }
    await lab.ip(lab.stranger, `route add 10.48.0.0/16 via ${a.address}`);
    t.notMatch(await lab.connect(lab.stranger, SERVICE_IP, 80), /near|far|program/, 'not for the LAN');
  },
);

t.test(
  'a port on every address, a load balancer and external addresses, for the LAN too',
  rootOnly,
  async (t) => {
    const { lab, a, b, client, both, update } = await world(t);
    const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
    await update(
      tcpService(
        { loadBalancerIPs: [a.address], externalIPs: [EXTERNAL_IP] },
        { port: 8081, nodePort: socket, endpoints: both },
      ),
    );
    await lab.ip(lab.stranger, `route add ${EXTERNAL_IP} via ${a.address}`);
    for (const [host, port] of [
      [a.address, socket],
      [a.address, 8081],
      [EXTERNAL_IP, 8081],
    ] as const) {
      const what = `${host}:${port}`;
      t.same(
        await seen(lab, lab.stranger, host, port),
        [`far ${a.address}`, `near ${LAN}`],
        `${what} from the LAN`,
      );
      t.same(
        await seen(lab, client.namespace, host, port),
        [`far ${client.address}`, `near ${a.gateway}`],
        `${what} from a pod`,
      );
      // Boards of this lab have no default route.
      if (host === EXTERNAL_IP) await lab.ip(a.namespace, `route add ${EXTERNAL_IP} via ${LAN}`);
      t.match(await seen(lab, a.namespace, host, port), [/^far /, /^near /], `${what} from the board`);
    }
    t.same(
      await seen(lab, b.namespace, a.address, socket),
      [`far ${a.address}`, `near ${b.address}`],
      'from another board',
    );
    t.match(await lab.connect(a.namespace, '127.0.0.1', socket), /^socket /, 'loopback stays in user space');
    t.equal(await lab.connect(lab.stranger, a.address, 80), 'ECONNREFUSED', 'no other port');
  },
);

t.test(
  'policy Local: only this board’s endpoints, with the client’s own address; insiders have all',
  rootOnly,
  async (t) => {
    const { lab, a, client, near, far, update } = await world(t);
    const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
    const local = (endpoints: ReturnType<typeof endpointsOf>) =>
      tcpService({ externalTrafficPolicy: 'Local' }, { nodePort: socket, endpoints });
    await update(local(endpointsOf([near, far], [near])));
    t.same(await seen(lab, lab.stranger, a.address, socket), [`near ${LAN}`, `near ${LAN}`]);
    t.match(await seen(lab, client.namespace, a.address, socket), [/^far /, /^near /]);
    t.match(await seen(lab, a.namespace, a.address, socket), [/^far /, /^near /]);
    await update(local(endpointsOf([far])));
    t.equal(await lab.connect(lab.stranger, a.address, socket), 'ECONNREFUSED', 'none on this board');
    t.match(await lab.connect(client.namespace, a.address, socket), /^far /);
    await update(
      tcpService({ internalTrafficPolicy: 'Local' }, { endpoints: endpointsOf([near, far], [near]) }),
    );
    t.match(await seen(lab, client.namespace, SERVICE_IP, 80), [/^near /, /^near /]);
    await update(tcpService({ internalTrafficPolicy: 'Local' }, { endpoints: endpointsOf([far]) }));
    t.equal(await lab.connect(client.namespace, SERVICE_IP, 80), 'ECONNREFUSED');
  },
);

t.test('only sources of a load balancer come in, others are refused', rootOnly, async (t) => {
  const { lab, a, both, update } = await world(t);
  const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
  const balanced = (sourceRanges: string[]) =>
    tcpService({ loadBalancerIPs: [a.address], sourceRanges }, { port: socket, endpoints: both });
  await update(balanced([`${LAN}/32`, '192.0.2.0/24']));
  t.match(await seen(lab, lab.stranger, a.address, socket), [/^far /, /^near /]);
  await update(balanced(['192.0.2.0/24']));
  t.equal(await lab.connect(lab.stranger, a.address, socket), 'ECONNREFUSED');
});

t.test('without an endpoint a Service refuses, on each of its addresses', rootOnly, async (t) => {
  const { lab, a, client, update } = await world(t);
  const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
  await update(
    tcpService({ loadBalancerIPs: [a.address] }, { nodePort: socket, endpoints: endpointsOf([]) }),
  );
  for (const from of [client.namespace, a.namespace])
    t.equal(await lab.connect(from, SERVICE_IP, 80), 'ECONNREFUSED');
  for (const port of [socket, 80]) {
    t.equal(await lab.connect(lab.stranger, a.address, port), 'ECONNREFUSED', 'though there is a socket');
  }
});

t.test(
  'with ClientIP affinity a client keeps its endpoint on every way in, whatever else changes',
  rootOnly,
  async (t) => {
    const { lab, a, client, both, near, far, update } = await world(t);
    const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
    const sticky = (endpoints = both) =>
      tcpService({ affinityMs: 10_800_000 }, { nodePort: socket, endpoints });
    await update(sticky());
    const [first = ''] = (await lab.connect(client.namespace, SERVICE_IP, 80)).split(' ');
    const meets = async (name: string, why: string) => {
      for (const [host, port] of [
        [SERVICE_IP, 80],
        [a.address, socket],
        [SERVICE_IP, 80],
      ] as const)
        t.match(await lab.connect(client.namespace, host, port), new RegExp(`^${name} `), why);
    };
    await meets(first, 'at once');
    await update(sticky(), tcpService({ key: 'default/other', clusterIP: '10.48.0.8' }, { endpoints: both }));
    await meets(first, 'after another Service came');
    const [kept, other] = first === 'near' ? [near, far] : [far, near];
    await update(sticky(endpointsOf([other, kept], [near])));
    await meets(first, 'after its endpoints changed places');
    await update(
      sticky(
        endpointsOf(
          [other],
          [near].filter((endpoint) => endpoint === other),
        ),
      ),
    );
    await meets(first === 'near' ? 'far' : 'near', 'the other when its own is gone');
    t.notMatch(
      await lab.run(a.namespace, 'nft', 'list', 'table', 'ip', 'edge_services'),
      `${kept.ip}/${kept.port}`,
      'nothing is kept of what is gone',
    );
  },
);

t.test(
  'connections live on when their endpoint takes no more, and when the Service goes',
  rootOnly,
  async (t) => {
    const { lab, b, client, near, update } = await world(t);
    const port = await lab.listen(b.pod, '0.0.0.0', 0, 'echo', 'echo');
    await update(tcpService({}, { endpoints: endpointsOf([{ ip: b.podAddress, port }]) }));
    const held = lab.hold(client.namespace, SERVICE_IP, 80);
    await eventually(() => held.heard() === `echo ${client.address}`);
    await update(tcpService({}, { endpoints: endpointsOf([near], [near]) }));
    held.say('+draining');
    await eventually(() => held.heard().endsWith('+draining'));
    t.match(await lab.connect(client.namespace, SERVICE_IP, 80), /^near /, 'new ones go elsewhere');
    await update();
    held.say('+gone');
    await eventually(() => held.heard().endsWith('+gone'));
    t.equal(await lab.connect(client.namespace, SERVICE_IP, 80), 'ECONNREFUSED');
  },
);

t.test(
  'a connection to a pod that is gone is reset at its next word, from pods and from the board',
  rootOnly,
  async (t) => {
    const { lab, a, b, client, near, networks } = await world(t);
    const port = await lab.listen(b.pod, '0.0.0.0', 0, 'echo', 'echo');
    const far = { ip: b.podAddress, port };
    const apply = (endpoints: Endpoint[], goneEndpoints: Endpoint[]) =>
      networks[0]?.update({
        ...desired(lab, a, [tcpService({}, { endpoints: endpointsOf(endpoints, [near]) })]),
        goneEndpoints,
      });
    await networks[1]?.update(desired(lab, b, []));
    await apply([far], []);
    const held = [client.namespace, a.namespace].map((from) => lab.hold(from, SERVICE_IP, 80));
    for (const { heard } of held) await eventually(() => heard().startsWith('echo '));
    // Its board has lost power: nobody on it says goodbye.
    await lab.ip(b.namespace, 'link set eth0 down');
    await apply([near], [far]);
    for (const { say, heard } of held) {
      say('are you there?');
      await eventually(() => heard().endsWith('ECONNRESET'));
    }
    t.match(await lab.connect(client.namespace, SERVICE_IP, 80), /^near /, 'new ones go elsewhere');
    await apply([near], [near]);
    t.equal(await lab.connect(client.namespace, SERVICE_IP, 80), 'ECONNRESET', 'by nothing but that list');
  },
);

t.test(
  'UDP: in turn, on every address, and a client that talks on meets the endpoints of now',
  withConntrack,
  async (t) => {
    const { lab, a, b, client, update } = await world(t);
    const near: Endpoint = { ip: a.podAddress, port: 5353 };
    const far: Endpoint = { ip: b.podAddress, port: 5353 };
    await lab.answerUdp(a.pod, 5353, 'near');
    await lab.answerUdp(b.pod, 5353, 'far');
    const names = (endpoints: Endpoint[]) =>
      tcpService(
        {},
        {
          protocol: 'UDP',
          port: 53,
          nodePort: 30053,
          endpoints: endpointsOf(
            endpoints,
            endpoints.filter((e) => e === near),
          ),
        },
      );
    await update(names([far]));
    const talks = [
      lab.talk(client.namespace, SERVICE_IP, 53),
      lab.talk(a.namespace, SERVICE_IP, 53),
      lab.talk(lab.stranger, a.address, 30053),
    ];
    for (const { heard } of talks) await eventually(() => heard().startsWith('far '));
    t.equal(talks[0]?.heard(), `far ${client.address}`, 'with the source that TCP has');
    await update(names([near]));
    for (const { heard } of talks) await eventually(() => heard().startsWith('near '));
    await update(names([near, far]));
    const heard = talks.map((talk) => talk.heard());
    await lab.connect(client.namespace, SERVICE_IP, 80);
    t.same(
      talks.map((talk) => talk.heard()),
      heard,
      'an endpoint more changes nothing for those who have one',
    );
    await update(names([]));
    for (const { heard } of talks) await eventually(() => /^E(CONNREFUSED|PERM)$/.test(heard()));
    await update(names([far]));
    for (const { heard } of talks) await eventually(() => heard().startsWith('far '));
  },
);

t.test(
  'each endpoint’s connections are counted, also over changes of other Services',
  rootOnly,
  async (t) => {
    const { lab, a, client, both, update } = await world(t);
    await update(tcpService({}, { endpoints: both }));
    for (let i = 0; i < 4; i++) await lab.connect(client.namespace, SERVICE_IP, 80);
    await update(
      tcpService({}, { endpoints: both }),
      tcpService({ key: 'default/x', clusterIP: '10.48.0.8' }, { endpoints: both }),
    );
    for (let i = 0; i < 2; i++) await lab.connect(client.namespace, SERVICE_IP, 80);
    const counts = await kernelConnections(lab.commands(a.namespace));
    const ofWeb = counts.filter(({ service }) => service === 'default/web');
    t.same(
      ofWeb.map(({ count, port, protocol }) => ({ count, port, protocol })),
      [
        { count: 3, port: 80, protocol: 'tcp' },
        { count: 3, port: 80, protocol: 'tcp' },
      ],
    );
    t.same(new Set(ofWeb.map(({ endpoint }) => endpoint)), new Set(both.present));
    await update();
    t.same(await kernelConnections(lab.commands(a.namespace)), [], 'and forgotten with them');
  },
);

t.test('a pod that is an endpoint itself is served by the sockets', rootOnly, async (t) => {
  const { lab, a, b, near, far, networks } = await world(t);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'relayed');
  const socket = await lab.listen(a.namespace, '0.0.0.0', 0, 'socket');
  const services = [tcpService({}, { nodePort: socket, endpoints: endpointsOf([near, far], [near]) })];
  await networks[0]?.update(
    desired(lab, a, services, [{ ip: SERVICE_IP, protocol: 'tcp', port: 80, localPort: local }]),
  );
  t.equal(await lab.connect(a.pod, SERVICE_IP, 80), `relayed ${a.podAddress}`);
  t.equal(await lab.connect(a.pod, a.address, socket), `socket ${a.podAddress}`);
  t.match(await lab.connect(b.pod, a.address, socket), /^(near|far) /, 'of another board it need not be');
});

t.test('what it cannot do stays with the sockets, side by side', rootOnly, async (t) => {
  const { lab, a, client, near, networks } = await world(t);
  const local = await lab.listen(a.namespace, SERVICE_LISTEN_ADDRESS, 0, 'relayed');
  const services = [
    tcpService({}, { endpoints: endpointsOf([near], [near]) }),
    tcpService(
      {
        key: 'default/limited',
        clusterIP: '10.48.0.8',
        options: { balance: 'round-robin', maxConnections: 5 },
      },
      { endpoints: endpointsOf([near], [near]) },
    ),
  ];
  await networks[0]?.update(
    desired(lab, a, services, [{ ip: '10.48.0.8', protocol: 'tcp', port: 80, localPort: local }]),
  );
  t.match(await lab.connect(client.namespace, SERVICE_IP, 80), /^near /);
  t.equal(await lab.connect(client.namespace, '10.48.0.8', 80), `relayed ${client.address}`);
  t.match(await lab.connect(a.namespace, '10.48.0.8', 80), /^relayed /);
});

t.test(
  'a restart takes over the rules that a killed agent left, and a stop leaves none',
  rootOnly,
  async (t) => {
    const { lab, a, both, update, networks } = await world(t);
    const old =
      'table ip edge_services { chain Cluster/old/gone/tcp/80 { }; chain arriving { type nat hook prerouting priority 5; }; }';
    await lab.commands(a.namespace).run('nft', ['-f', '-'], old);
    await update(tcpService({ affinityMs: 5_000 }, { endpoints: both }));
    const rules = await lab.run(a.namespace, 'nft', 'list', 'ruleset');
    t.notMatch(rules, 'old/gone', 'of another version, with another shape');
    t.match(rules, /timeout 5s/);
    const successor = await networkOf(t, lab, a, false);
    await successor.start();
    const unknown: DesiredNetwork = { ...desired(lab, a, []), kernelPorts: 'unknown' };
    await successor.update(unknown);
    t.equal(
      await lab.run(a.namespace, 'nft', 'list', 'ruleset'),
      rules,
      'they go on until Services are known',
    );
    await successor.update({ ...unknown, kernelPorts: [] });
    t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), /timeout 5s/);
    for (const network of networks) await network.stop();
    t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), /edge_/);
  },
);

t.test('a board that cannot do it says why', rootOnly, async (t) => {
  const { lab, a } = await world(t);
  const commands = lab.commands(a.namespace);
  t.equal(await kernelForwardingProblem(commands), undefined);
  t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), 'edge_check', 'only asked');
  const words = 'Error: Could not process rule: No such file or directory';
  const poor = { run: () => Promise.reject(new Error(`${words}\nmore`)) };
  t.equal(await kernelForwardingProblem(poor), words);
});
