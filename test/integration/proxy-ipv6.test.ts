// The proxy's second family over real sockets of the loopback address.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import { Proxier, type VirtualPort } from '../../src/proxy/proxier.ts';
import type { ServiceView } from '../../src/proxy/service-view.ts';
import { hasIpv6 } from '../../src/proxy/tcp-handle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { endpointsOf, inputOf, tcpService } from '../support/proxied-services.ts';

const skip = hasIpv6() ? {} : { skip: 'this kernel has no IPv6' };
const HOME = '::1';

async function tcpEndpoint(t: Test, ip: string, name: string): Promise<Endpoint> {
  const server = createServer((socket) => {
    // The proxy ends with the test, perhaps in the middle of a good-bye.
    socket.on('error', () => undefined);
    socket.end(name);
  });
  server.listen(0, ip);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { ip, port: (server.address() as AddressInfo).port };
}

async function udpEndpoint(t: Test, name: string): Promise<Endpoint> {
  const socket = createSocket('udp6');
  socket.on('message', (text, { port, address }) => socket.send(`${name} ${text}`, port, address));
  socket.bind(0, HOME);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return { ip: HOME, port: socket.address().port };
}

async function proxied(t: Test, service: ServiceView) {
  let ports: readonly VirtualPort[] = [];
  const proxier = new Proxier({
    listenAddress: '127.0.0.1',
    onVirtualPorts: (next) => {
      ports = next;
    },
    onRefusal: ({ message }) => t.fail(message),
    clock: new FakeClock(),
    logger: silentLogger,
  });
  await proxier.start();
  t.teardown(() => proxier.stop());
  await proxier.update({ ...inputOf(service), listenAddressV6: HOME });
  const portOf = (ip: string) => ports.find((port) => port.ip === ip)?.localPort ?? 0;
  return { portOf };
}

async function ask(host: string, port: number): Promise<string> {
  let text = '';
  for await (const chunk of connect({ host, port })) text += chunk;
  return text;
}

async function askUdp(t: Test, port: number, text: string): Promise<string> {
  const socket = createSocket('udp6');
  t.teardown(() => socket.close());
  socket.send(text, port, HOME);
  const [answer] = await once(socket, 'message');
  return String(answer);
}

t.test('each of two addresses leads to the endpoints of its family', skip, async (t) => {
  const endpoints = endpointsOf([await tcpEndpoint(t, '127.0.0.1', 'four')]);
  const secondEndpoints = endpointsOf([await tcpEndpoint(t, HOME, 'six')]);
  const service = tcpService({ secondClusterIP: 'fd00:10:48::9' }, { endpoints, secondEndpoints });
  const { portOf } = await proxied(t, service);
  t.equal(await ask('127.0.0.1', portOf('10.48.0.9')), 'four');
  t.equal(await ask(HOME, portOf('fd00:10:48::9')), 'six');
});

t.test(
  'a Service of IPv6 alone is reached by its address, and by a node port in both families',
  skip,
  async (t) => {
    const nodePort = await freePort();
    const endpoints = endpointsOf([await tcpEndpoint(t, HOME, 'six')]);
    const service = tcpService({ clusterIP: 'fd00:10:48::9' }, { nodePort, endpoints });
    const { portOf } = await proxied(t, service);
    t.equal(await ask(HOME, portOf('fd00:10:48::9')), 'six');
    t.equal(await ask('127.0.0.1', nodePort), 'six');
    t.equal(await ask(HOME, nodePort), 'six');
  },
);

t.test('a client by IPv6 keeps its endpoint where the Service asks for that', skip, async (t) => {
  const all = [await tcpEndpoint(t, HOME, 'a'), await tcpEndpoint(t, HOME, 'b')];
  const service = tcpService(
    { clusterIP: 'fd00:10:48::9', affinityMs: 10_000 },
    { endpoints: endpointsOf(all) },
  );
  const { portOf } = await proxied(t, service);
  const first = await ask(HOME, portOf('fd00:10:48::9'));
  for (let i = 0; i < 4; i++) t.equal(await ask(HOME, portOf('fd00:10:48::9')), first);
});

t.test(
  'a UDP node port has a socket of each family for the kernel to lead to, and leads to either family',
  skip,
  async (t) => {
    const nodePort = await freePort();
    const endpoints = endpointsOf([await udpEndpoint(t, 'six')]);
    const service = tcpService({}, { protocol: 'UDP', nodePort, endpoints });
    const { portOf } = await proxied(t, service);
    t.equal(await askUdp(t, portOf('::'), 'ping'), 'six ping');
    t.equal(await askUdp(t, nodePort, 'ping'), 'six ping', 'and by the loopback address, where it is kept');
    t.not(portOf('0.0.0.0'), 0);
    t.not(portOf('0.0.0.0'), portOf('::'));
  },
);

t.test('datagrams go both ways by IPv6', skip, async (t) => {
  const endpoints = endpointsOf([await udpEndpoint(t, 'six')]);
  const service = tcpService({ clusterIP: 'fd00:10:48::9' }, { protocol: 'UDP', endpoints });
  const { portOf } = await proxied(t, service);
  t.equal(await askUdp(t, portOf('fd00:10:48::9'), 'ping'), 'six ping');
});
