// Services that the kernel forwards by itself, on real kernels: the same kinds and the same expectations as in user
// space, from a pod, from a board and from the LAN, with the source address that the endpoint sees.
import t, { type Test } from 'tap';
import { type DesiredNetwork, SERVICE_LISTEN_ADDRESS } from '../../src/network/board-network.ts';
import { kernelForwardingProblem } from '../../src/network/kernel-forwarding.ts';
import { eventually } from '../support/eventually.ts';
import { desired, kernelWorld, networkOf, SERVICE_IP, seen } from '../support/kernel-lab.ts';
import { rootOnly } from '../support/network-lab.ts';
import { endpointsOf, tcpService } from '../support/proxied-services.ts';

const EXTERNAL_IP = '203.0.113.5';
const LAN = '10.199.77.1';
let labs = 20;
const world = (t: Test) => kernelWorld(t, labs++);

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
