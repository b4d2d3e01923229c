// What Services ask of the proxy beside passing bytes on, over real sockets: UDP, affinity, limits, policies,
// PROXY protocol, health checks, and the end of an endpoint.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { type Endpoint, endpointId } from '../../src/proxy/endpoint-choice.ts';
import type { Refusal } from '../../src/proxy/forwarder-plan.ts';
import type { KernelForwarding } from '../../src/proxy/kernel-ports.ts';
import { Proxier, type ProxierOptions, type VirtualPort } from '../../src/proxy/proxier.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { clashingAddresses, endpointsOf, inputOf, tcpService } from '../support/proxied-services.ts';

async function world(t: Test, more: Partial<ProxierOptions> = {}) {
  const refusals: Refusal[] = [];
  let ports: readonly VirtualPort[] = [];
  let kernel: KernelForwarding | undefined;
  const clock = new FakeClock();
  const proxier = new Proxier({
    listenAddress: '127.0.0.1',
    onVirtualPorts: (next, forwarding) => {
      ports = next;
      kernel = forwarding;
    },
    onRefusal: (refusal) => refusals.push(refusal),
    clock,
    logger: silentLogger,
    ...more,
  });
  await proxier.start();
  t.teardown(() => proxier.stop());
  return {
    proxier,
    clock,
    refusals,
    virtual: () => ports,
    kernel: () => kernel,
    counters: () => proxier.counters().get('default/web'),
  };
}

/** Says its name and repeats what it hears. */
async function tcpEndpoint(t: Test, name: string): Promise<Endpoint> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(name);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { ip: '127.0.0.1', port: (server.address() as { port: number }).port };
}

async function udpEndpoint(t: Test, name: string): Promise<Endpoint> {
  const socket = createSocket('udp4');
  socket.on('message', (text, { port, address }) => socket.send(`${name} ${text}`, port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return { ip: '127.0.0.1', port: socket.address().port };
}

interface Client {
  socket: Socket;
  heard: () => string;
  /** How it ended: '' = plainly. */
  ended: Promise<string>;
}

function client(t: Test, port: number): Client {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  t.teardown(() => socket.destroy());
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve(''));
  });
  return { socket, heard: () => heard, ended };
}

const says = (c: Client, text: string) =>
  eventually(() => {
    if (c.heard() !== text) throw new Error(`heard ${JSON.stringify(c.heard())}, not ${text}`);
  });

function udpClient(t: Test): { ask(port: number, text: string): Promise<string>; socket: UdpSocket } {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const ask = (port: number, text: string) =>
    new Promise<string>((resolve) => {
      socket.once('message', (answer, from) => resolve(`${answer} from ${from.port}`));
      socket.send(text, port, '127.0.0.1');
    });
  return { ask, socket };
}

t.test(
  'a UDP client keeps its endpoint, others get the next, answers come from the port asked',
  async (t) => {
    const { proxier, virtual, counters } = await world(t);
    const endpoints = endpointsOf([await udpEndpoint(t, 'a'), await udpEndpoint(t, 'b')]);
    const nodePort = await freePort();
    await proxier.update(inputOf(tcpService({}, { protocol: 'UDP', nodePort, endpoints })));
    const [one, two] = [udpClient(t), udpClient(t)];
    t.equal(await one.ask(nodePort, '1'), `a 1 from ${nodePort}`);
    t.equal(await two.ask(nodePort, '2'), `b 2 from ${nodePort}`);
    t.equal(await one.ask(nodePort, '3'), `a 3 from ${nodePort}`);
    t.match(virtual(), [
      { ip: '10.48.0.9', protocol: 'udp', port: 80, isOpen: false },
      { ip: '0.0.0.0', protocol: 'udp', port: nodePort, isOpen: true },
    ]);
    const mapped = virtual()[1]?.localPort ?? 0;
    t.equal(await udpClient(t).ask(mapped, '4'), `a 4 from ${mapped}`, 'where the kernel leads');
    t.match(counters(), { active: 3, receivedBytes: 0 });
  },
);

t.test('a UDP client goes to another endpoint when its own takes no more, and idle flows end', async (t) => {
  const { proxier, clock, counters } = await world(t);
  const [a, b] = [await udpEndpoint(t, 'a'), await udpEndpoint(t, 'b')];
  const nodePort = await freePort();
  const update = (...endpoints: Endpoint[]) =>
    proxier.update(inputOf(tcpService({}, { protocol: 'UDP', nodePort, endpoints: endpointsOf(endpoints) })));
  await update(a);
  const one = udpClient(t);
  t.match(await one.ask(nodePort, '1'), /^a 1/);
  await update(b);
  t.match(await one.ask(nodePort, '2'), /^b 2/);
  t.equal(counters()?.active, 1);
  await clock.advance(35_000);
  t.match(counters(), { active: 0, receivedBytes: 2 });
});

t.test(
  'UDP clients that keep talking find a Service that was made anew, and an agent that was',
  async (t) => {
    const service = tcpService(
      { clusterIP: '10.48.77.3' },
      { protocol: 'UDP', endpoints: endpointsOf([await udpEndpoint(t, 'a')]) },
    );
    const first = await world(t);
    const mapped = () => first.virtual()[0]?.localPort ?? 0;
    await first.proxier.update(inputOf(service));
    const port = mapped();
    const one = udpClient(t);
    t.match(await one.ask(port, '1'), /^a 1/);
    await first.proxier.update(inputOf());
    await first.proxier.update(inputOf({ ...service, uid: 'another' }));
    t.equal(mapped(), port);
    t.match(await one.ask(port, '2'), /^a 2/);
    await first.proxier.stop();
    const second = await world(t);
    const taken = createSocket('udp4');
    t.teardown(() => taken.close());
    await second.proxier.update(inputOf(service));
    t.equal(second.virtual()[0]?.localPort, port);
    await second.proxier.stop();
    await new Promise<void>((resolve) => taken.bind(port, '127.0.0.1', resolve));
    const third = await world(t);
    await third.proxier.update(inputOf(service));
    t.not(third.virtual()[0]?.localPort, port, 'another one where a program has it');
    t.match(await udpClient(t).ask(third.virtual()[0]?.localPort ?? 0, '3'), /^a 3/);
  },
);

t.test('addresses whose local ports clash keep them, in whichever order they come', async (t) => {
  const [older, newer] = clashingAddresses();
  const service = (name: string, clusterIP: string, endpoint: Endpoint) =>
    tcpService(
      { key: `default/${name}`, uid: name, clusterIP },
      { protocol: 'UDP', endpoints: endpointsOf([endpoint]) },
    );
  // In the order of their keys the newer one comes first.
  const b = service('b', older, await udpEndpoint(t, 'b'));
  const a = service('a', newer, await udpEndpoint(t, 'a'));
  const first = await world(t);
  await first.proxier.update(inputOf(b));
  await first.proxier.update(inputOf(a, b));
  const left = first.virtual();
  const portOf = (ip: string) => left.find((port) => port.ip === ip)?.localPort ?? 0;
  const client = udpClient(t);
  t.match(await client.ask(portOf(older), '1'), /^b 1/);
  await first.proxier.stop();
  const second = await world(t, { formerPorts: async () => left });
  await second.proxier.update(inputOf(a, b));
  const sorted = (ports: readonly VirtualPort[]) => ports.toSorted((x, y) => (x.ip < y.ip ? -1 : 1));
  t.same(sorted(second.virtual()), sorted(left));
  t.match(await client.ask(portOf(older), '2'), /^b 2/, 'not the other Service');
});

t.test('an agent that starts again serves TCP addresses where the rules of the last one lead', async (t) => {
  const services = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name, i) => {
      const endpoints = endpointsOf([await tcpEndpoint(t, name)]);
      return tcpService({ key: `default/${name}`, uid: name, clusterIP: `10.48.1.${i}` }, { endpoints });
    }),
  );
  const first = await world(t);
  await first.proxier.update(inputOf(...services));
  const left = first.virtual();
  const portOf = (i: number) => left.find(({ ip }) => ip === `10.48.1.${i}`)?.localPort ?? 0;
  await first.proxier.stop();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(portOf(2), '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const second = await world(t, { formerPorts: async () => left });
  await second.proxier.update(inputOf(...services));
  for (const [i, name] of [...'abcd'].entries()) if (name !== 'c') await says(client(t, portOf(i)), name);
  const moved = second.virtual().find(({ ip }) => ip === '10.48.1.2')?.localPort ?? 0;
  t.not(moved, portOf(2), 'which another program has by now');
  await says(client(t, moved), 'c');
});

t.test('a UDP endpoint that refuses costs its client one datagram, not the next', async (t) => {
  const { proxier } = await world(t);
  const dead = { ip: '127.0.0.1', port: await freePort() };
  const nodePort = await freePort();
  const endpoints = endpointsOf([dead, await udpEndpoint(t, 'live')]);
  await proxier.update(inputOf(tcpService({}, { protocol: 'UDP', nodePort, endpoints })));
  const { socket } = udpClient(t);
  let answers = 0;
  socket.on('message', () => {
    answers += 1;
  });
  await eventually(() => {
    socket.send('x', nodePort, '127.0.0.1');
    if (answers === 0) throw new Error('no answer');
  });
});

t.test(
  'a UDP endpoint that the board has no way to costs its client one datagram, and nobody more',
  async (t) => {
    const { proxier, counters } = await world(t);
    const nodePort = await freePort();
    // Nobody may send there who has not asked for it, so that the socket cannot even be told its endpoint.
    const unreachable = { ip: '255.255.255.255', port: 9 };
    const endpoints = endpointsOf([unreachable, await udpEndpoint(t, 'live')]);
    await proxier.update(inputOf(tcpService({}, { protocol: 'UDP', nodePort, endpoints })));
    const { socket } = udpClient(t);
    socket.send('lost', nodePort, '127.0.0.1');
    await eventually(() => {
      if (counters()?.accepted !== 1 || counters()?.active !== 0) throw new Error('the flow lives');
    });
    const { ask } = udpClient(t);
    t.match(await ask(nodePort, 'heard'), /^live heard/);
  },
);

t.test('with ClientIP affinity one client meets one endpoint, until its time is over', async (t) => {
  const { proxier, clock } = await world(t);
  const nodePort = await freePort();
  const endpoints = endpointsOf([await tcpEndpoint(t, 'a'), await tcpEndpoint(t, 'b')]);
  await proxier.update(inputOf(tcpService({ affinityMs: 10_000 }, { nodePort, endpoints })));
  const met = async () => {
    const { heard } = client(t, nodePort);
    await eventually(() => heard() !== '');
    return heard();
  };
  const first = await met();
  t.same([await met(), await met()], [first, first]);
  await eventually(async () => {
    await clock.advance(10_000);
    return (await met()) !== first;
  });
});

t.test('at the limit of a Service new connections are refused and counted, the old ones live', async (t) => {
  const { proxier, counters } = await world(t);
  const nodePort = await freePort();
  const endpoints = endpointsOf([await tcpEndpoint(t, 'a')]);
  const options = { balance: 'round-robin', maxConnections: 1 } as const;
  await proxier.update(inputOf(tcpService({ options }, { nodePort, endpoints })));
  const old = client(t, nodePort);
  await says(old, 'a');
  t.equal(await client(t, nodePort).ended, 'ECONNRESET');
  old.socket.write('!');
  await says(old, 'a!');
  t.match(counters(), { active: 1, accepted: 1, overLimit: 1 });
});

t.test(
  'who takes all the files that the agent may have open is refused, and leaves some to others',
  async (t) => {
    const { proxier, refusals, counters } = await world(t, { openFiles: 64 });
    const [crowded, calm] = [await freePort(), await freePort()];
    const endpoints = endpointsOf([await tcpEndpoint(t, 'a')]);
    await proxier.update(
      inputOf(
        tcpService({}, { nodePort: crowded, endpoints }),
        tcpService({ key: 'default/calm', uid: 'u-calm', clusterIP: '' }, { nodePort: calm, endpoints }),
      ),
    );
    const crowd = Array.from({ length: 40 }, () => client(t, crowded));
    await eventually(() => counters()?.overLimit === 18);
    t.equal(counters()?.active, 22, '24 connections of two files each, and 16 files are kept');
    t.equal(crowd.filter((one) => one.heard() === 'a').length, 22);
    await says(client(t, calm), 'a');
    t.match(refusals, [
      { reason: 'TooManyConnections', subject: { key: 'default/web' }, message: /64 files/ },
    ]);
    for (const one of crowd) one.socket.destroy();
    await eventually(() => counters()?.active === 0);
    await says(client(t, crowded), 'a');
  },
);

t.test('policy Local keeps strangers to this board’s endpoints, pods may have all', async (t) => {
  const { proxier, counters, virtual } = await world(t);
  const nodePort = await freePort();
  const endpoints = endpointsOf([await tcpEndpoint(t, 'far')]);
  const service = tcpService({ externalTrafficPolicy: 'Local' }, { nodePort, endpoints });
  await proxier.update({ ...inputOf(service), insideRanges: [] });
  t.equal(await client(t, nodePort).ended, 'ECONNRESET');
  t.equal(counters()?.failed, 1);
  const refused = { ip: '0.0.0.0', protocol: 'tcp', port: nodePort, refuses: 'outsiders' };
  t.match(virtual().slice(1), [refused], 'rules refuse them before they come here');
  await proxier.update({ ...inputOf(service), insideRanges: ['127.0.0.0/8'] });
  await says(client(t, nodePort), 'far');
});

t.test('a load balancer lets in its source ranges only', async (t) => {
  const { proxier, counters } = await world(t);
  const port = await freePort();
  const endpoints = endpointsOf([await tcpEndpoint(t, 'a')]);
  const update = (sourceRanges: string[]) => {
    const service = tcpService({ loadBalancerIPs: ['127.0.0.1'], sourceRanges }, { port, endpoints });
    return proxier.update({ ...inputOf(service), boardAddresses: ['127.0.0.1'] });
  };
  await update(['192.168.0.0/16']);
  t.equal(await client(t, port).ended, 'ECONNRESET');
  t.equal(counters()?.forbidden, 1);
  await update(['192.168.0.0/16', '127.0.0.0/8']);
  await says(client(t, port), 'a');
});

t.test('the PROXY protocol tells the endpoint who its client is, before the first byte', async (t) => {
  const { proxier } = await world(t);
  const nodePort = await freePort();
  const endpoints = endpointsOf([await tcpEndpoint(t, '')]);
  const update = (proxyProtocol: 1 | 2) =>
    proxier.update(
      inputOf(tcpService({ options: { balance: 'round-robin', proxyProtocol } }, { nodePort, endpoints })),
    );
  await update(1);
  const one = client(t, nodePort);
  one.socket.write('GET');
  await eventually(() => {
    const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${one.socket.localPort} ${nodePort}\r\nGET`;
    if (one.heard() !== line) throw new Error(one.heard());
  });
  await update(2);
  const two = connect(nodePort, '127.0.0.1');
  t.teardown(() => two.destroy());
  const header = await new Promise<Buffer>((resolve) => two.once('data', resolve));
  t.equal(header.subarray(0, 16).toString('hex'), '0d0a0d0a000d0a515549540a2111000c');
  t.equal(header.readUInt16BE(24), two.localPort);
  t.equal(header.readUInt16BE(26), nodePort);
});

t.test('a connection outlives NotReady and going, and ends when its pod is gone', async (t) => {
  const { proxier } = await world(t);
  const [a, b] = [await tcpEndpoint(t, 'a'), await tcpEndpoint(t, 'b')];
  const nodePort = await freePort();
  const present = [endpointId(a), endpointId(b)];
  const update = (more: object) =>
    proxier.update(inputOf(tcpService({}, { nodePort, endpoints: endpointsOf([b], [], more) })));
  await proxier.update(inputOf(tcpService({}, { nodePort, endpoints: endpointsOf([a]) })));
  const old = client(t, nodePort);
  await says(old, 'a');
  await update({ present });
  old.socket.write('1');
  await says(old, 'a1');
  await says(client(t, nodePort), 'b');
  await update({ present, terminating: [endpointId(a)] });
  old.socket.write('2');
  await says(old, 'a12');
  await update({ present: [endpointId(b)] });
  t.equal(await old.ended, 'ECONNRESET');
});

t.test('an address without endpoints is not announced, so that the kernel refuses its clients', async (t) => {
  const { proxier, virtual } = await world(t);
  await proxier.update(inputOf(tcpService()));
  t.same(virtual(), []);
  const nodePort = await freePort();
  await proxier.update(inputOf(tcpService({ externalIPs: ['203.0.113.5'] }, { nodePort })));
  const refused = [
    { ip: '0.0.0.0', port: nodePort, refuses: 'everybody' },
    { ip: '203.0.113.5', port: 80, refuses: 'everybody' },
  ];
  t.match(virtual(), refused, 'what the LAN may use is told to be closed');
  t.equal(virtual().length, 2);
  await proxier.update(inputOf(tcpService({}, { endpoints: endpointsOf([await tcpEndpoint(t, 'a')]) })));
  t.match(virtual(), [{ ip: '10.48.0.9', port: 80 }]);
  t.equal(virtual().length, 1);
});

t.test('the health check answers as kube-proxy: 200 with local endpoints, 503 without', async (t) => {
  const { proxier } = await world(t);
  const healthCheckNodePort = await freePort();
  const check = async (local: Endpoint[]) => {
    const policy = { externalTrafficPolicy: 'Local', healthCheckNodePort } as const;
    await proxier.update(inputOf(tcpService(policy, { endpoints: endpointsOf(local, local) })));
    return fetch(`http://127.0.0.1:${healthCheckNodePort}/healthz`);
  };
  const good = await check([{ ip: '10.40.0.2', port: 80 }]);
  t.equal(good.status, 200);
  t.equal(good.headers.get('x-load-balancing-endpoint-weight'), '1');
  t.same(await good.json(), {
    service: { namespace: 'default', name: 'web' },
    localEndpoints: 1,
    serviceProxyHealthy: true,
  });
  t.equal((await check([])).status, 503);
  await proxier.update(inputOf());
  await t.rejects(fetch(`http://127.0.0.1:${healthCheckNodePort}/`));
});

t.test(
  'a kernel that forwards is told which endpoints are gone, and no more once they are there',
  async (t) => {
    const { proxier, kernel } = await world(t);
    const [a, b] = [
      { ip: '10.40.0.5', port: 80 },
      { ip: '10.40.0.6', port: 80 },
    ];
    const [, going] = [a, b].map(endpointId);
    const inKernel = { protocols: ['tcp'], families: ['IPv4'] } as const;
    const update = (endpoints: ReturnType<typeof endpointsOf>) =>
      proxier.update({ ...inputOf(tcpService({}, { endpoints })), inKernel });
    await update(endpointsOf([a, b]));
    t.same(kernel()?.gone, []);
    t.same(kernel()?.families, ['IPv4'], 'of IPv6 it knows nothing without an address to listen at');
    await update(endpointsOf([a], [], { present: [a, b].map(endpointId), terminating: [going ?? ''] }));
    t.same(kernel()?.gone, [], 'it is going, and may still talk');
    await update(endpointsOf([a]));
    t.same(kernel()?.gone, [b]);
    await update(endpointsOf([a, b]));
    t.same(kernel()?.gone, []);
    await proxier.update(inputOf());
    t.equal(kernel(), undefined, 'where it does not forward, nothing');
  },
);

t.test(
  'who asks after the health of a board and says nothing more takes a bounded number of files',
  async (t) => {
    const { proxier } = await world(t);
    const healthCheckNodePort = await freePort();
    await proxier.update(inputOf(tcpService({ externalTrafficPolicy: 'Local', healthCheckNodePort })));
    let ended = 0;
    for (let i = 0; i < 300; i++) void client(t, healthCheckNodePort).ended.then(() => ended++);
    await eventually(() => ended >= 300 - 256);
  },
);

t.test('connections are counted by endpoint', async (t) => {
  const { proxier, virtual, counters } = await world(t);
  const endpoint = await tcpEndpoint(t, 'a');
  await proxier.update(inputOf(tcpService({}, { endpoints: endpointsOf([endpoint]) })));
  for (let i = 0; i < 3; i++) {
    const { heard, socket } = client(t, virtual()[0]?.localPort ?? 0);
    await eventually(() => heard() === 'a');
    socket.destroy();
  }
  t.same(counters()?.endpoints, [{ protocol: 'tcp', port: 80, endpoint: endpointId(endpoint), total: 3 }]);
});
