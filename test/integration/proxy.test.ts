// The proxy over real sockets.
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import type { Refusal } from '../../src/proxy/forwarder-plan.ts';
import { Proxier, type VirtualPort } from '../../src/proxy/proxier.ts';
import type { ServiceView } from '../../src/proxy/service-view.ts';
import { hasIpv6, listenOn } from '../../src/proxy/tcp-handle.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { endpointsOf, inputOf, tcpService } from '../support/proxied-services.ts';

async function listen(
  t: Test,
  onConnection: (socket: Socket) => void,
): Promise<Endpoint & { server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { ip: '127.0.0.1', port: address.port, server };
}

interface World {
  proxier: Proxier;
  clock: FakeClock;
  virtual: () => readonly VirtualPort[];
  refusals: Refusal[];
}

async function world(t: Test): Promise<World> {
  let ports: readonly VirtualPort[] = [];
  const refusals: Refusal[] = [];
  const clock = new FakeClock();
  const proxier = new Proxier({
    listenAddress: '127.0.0.1',
    onVirtualPorts: (next) => {
      ports = next;
    },
    onRefusal: (refusal) => void refusals.push(refusal),
    clock,
    logger: silentLogger,
  });
  await proxier.start();
  t.teardown(() => proxier.stop());
  return { proxier, clock, virtual: () => ports, refusals };
}

const service = (endpoints: readonly Endpoint[], nodePort?: number): ServiceView =>
  tcpService({}, { ...(nodePort ? { nodePort } : {}), endpoints: endpointsOf(endpoints) });

/** Sends `body`, half-closes, and resolves with all that comes back. */
function exchange(port: number, body: string | Buffer = '', host = '127.0.0.1'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.on('error', reject);
    socket.end(body);
  });
}

t.test('connections take the endpoints in turn, by NodePort and by ClusterIP', async (t) => {
  const { proxier, virtual } = await world(t);
  const a = await listen(t, (socket) => socket.end('a'));
  const b = await listen(t, (socket) => socket.end('b'));
  const nodePort = await freePort();
  await proxier.update(inputOf(service([a, b], nodePort)));
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(String(await exchange(nodePort)));
  t.same(answers, ['a', 'b', 'a', 'b']);
  const [port] = virtual();
  t.match(port, { ip: '10.48.0.9', port: 80 });
  t.equal(String(await exchange(port?.localPort ?? 0)), 'a');
});

const ipv6 = hasIpv6() ? {} : { skip: 'this machine has no IPv6' };

t.test('a NodePort is there for IPv6 too, and the PROXY protocol says so', ipv6, async (t) => {
  const { proxier, refusals } = await world(t);
  const endpoint = await listen(t, (socket) => socket.pipe(socket));
  const nodePort = await freePort();
  const options = { balance: 'round-robin', proxyProtocol: 1 } as const;
  const local = { externalTrafficPolicy: 'Local' } as const;
  const port = { nodePort, endpoints: endpointsOf([endpoint]) };
  await proxier.update(inputOf(tcpService({ options, ...local }, port)));
  const answer = await exchange(nodePort, 'hello', '::1');
  t.match(answer.toString(), new RegExp(`^PROXY TCP6 ::1 ::1 \\d+ ${nodePort}\r\nhello$`));
  await proxier.update(inputOf());
  await t.rejects(exchange(nodePort, '', '::1'), { code: 'ECONNREFUSED' });
  t.same(refusals, []);
});

t.test('a NodePort that another program has for IPv6 alone is told, and not had by half', ipv6, async (t) => {
  const { proxier, refusals } = await world(t);
  const nodePort = await freePort();
  const other = listenOn('::', nodePort, 1);
  t.teardown(() => other.close());
  await proxier.update(inputOf(service([], nodePort)));
  t.match(refusals, [{ reason: 'PortInUse' }]);
  await t.rejects(exchange(nodePort), { code: 'ECONNREFUSED' });
});

t.test('an endpoint that refuses is passed over before the client notices', async (t) => {
  const { proxier } = await world(t);
  const dead = { ip: '127.0.0.1', port: await freePort() };
  const live = await listen(t, (socket) => socket.end('live'));
  const nodePort = await freePort();
  await proxier.update(inputOf(service([dead, live], nodePort)));
  for (let i = 0; i < 4; i++) t.equal(String(await exchange(nodePort)), 'live');
});

t.test('a client whom all endpoints refuse meets the one that comes a moment later', async (t) => {
  const { proxier } = await world(t);
  const dead = { ip: '127.0.0.1', port: await freePort() };
  const nodePort = await freePort();
  await proxier.update(inputOf(service([dead], nodePort)));
  const active = () => proxier.counters().get('default/web')?.active;
  const asked = [exchange(nodePort), exchange(nodePort)];
  await eventually(() => active() === 2);
  await proxier.update(inputOf(service([], nodePort)));
  t.equal(active(), 2, 'while there is none');
  const live = await listen(t, (socket) => socket.end('live'));
  await proxier.update(inputOf(service([live], nodePort)));
  t.same((await Promise.all(asked)).map(String), ['live', 'live']);
  await eventually(() => active() === 0);
});

t.test('a client whom all endpoints refuse is reset after a second where no other comes', async (t) => {
  const { proxier, clock } = await world(t);
  const dead = { ip: '127.0.0.1', port: await freePort() };
  const nodePort = await freePort();
  await proxier.update(inputOf(service([dead], nodePort)));
  const refused = t.rejects(exchange(nodePort), { code: 'ECONNRESET' });
  const figures = () => proxier.counters().get('default/web');
  await eventually(async () => {
    await clock.advance(500);
    return figures()?.failed === 1;
  });
  await refused;
  t.equal(figures()?.active, 0);
});

t.test('who waits for an endpoint is let go with its Service, and with the proxy', async (t) => {
  const { proxier } = await world(t);
  const dead = { ip: '127.0.0.1', port: await freePort() };
  const nodePort = await freePort();
  await proxier.update(inputOf(service([dead], nodePort)));
  const refused = t.rejects(exchange(nodePort), { code: 'ECONNRESET' });
  await eventually(() => proxier.counters().get('default/web')?.active === 1);
  await proxier.update(inputOf());
  await proxier.stop();
  await refused;
});

t.test('a Service without endpoints resets its clients at once', async (t) => {
  const { proxier } = await world(t);
  const nodePort = await freePort();
  await proxier.update(inputOf(service([], nodePort)));
  await t.rejects(exchange(nodePort, 'x'), { code: 'ECONNRESET' });
});

t.test('the client can close its half and still read the whole answer', async (t) => {
  const { proxier } = await world(t);
  const echo = await listen(t, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('end', () => socket.end(Buffer.concat(chunks)));
  });
  const nodePort = await freePort();
  await proxier.update(inputOf(service([echo], nodePort)));
  const body = randomBytes(5 << 20);
  const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  t.equal(digest(await exchange(nodePort, body)), digest(body));
});

t.test('a slow reader slows the sender down instead of filling memory', async (t) => {
  const { proxier } = await world(t);
  let written = 0;
  const flood = await listen(t, (socket) => {
    const chunk = Buffer.alloc(1 << 16);
    const push = () => {
      while (socket.writable && written < 512 << 20) {
        written += chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', push);
      }
    };
    push();
  });
  const nodePort = await freePort();
  await proxier.update(inputOf(service([flood], nodePort)));
  const reader = connect({ port: nodePort, host: '127.0.0.1' });
  reader.pause();
  t.teardown(() => reader.destroy());
  let last = -1;
  while (last !== written || written === 0) {
    last = written;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  t.ok(written < 64 << 20, `${written} bytes went out to a reader that took none`);
});

t.test('a removed endpoint gets no new connection, and an existing one goes on', async (t) => {
  const { proxier } = await world(t);
  const a = await listen(t, (socket) => socket.on('data', (data) => socket.write(`a${data}`)));
  const b = await listen(t, (socket) => socket.end('b'));
  const nodePort = await freePort();
  await proxier.update(inputOf(service([a], nodePort)));
  const old = connect(nodePort, '127.0.0.1');
  t.teardown(() => old.destroy());
  const answer = () => new Promise((resolve) => old.once('data', (data) => resolve(String(data))));
  old.write('1');
  t.equal(await answer(), 'a1');
  await proxier.update(inputOf(service([b], nodePort)));
  t.equal(String(await exchange(nodePort)), 'b');
  old.write('2');
  t.equal(await answer(), 'a2');
});

t.test('a deleted Service stops listening', async (t) => {
  const { proxier, virtual } = await world(t);
  const a = await listen(t, (socket) => socket.end('a'));
  const nodePort = await freePort();
  await proxier.update(inputOf(service([a], nodePort)));
  await proxier.update(inputOf());
  await t.rejects(exchange(nodePort), { code: 'ECONNREFUSED' });
  t.same(virtual(), []);
});

t.test('a port that is taken is told once, harms no other, and is used when it becomes free', async (t) => {
  const { proxier, clock, refusals, virtual } = await world(t);
  const a = await listen(t, (socket) => socket.end('a'));
  const other = await listen(t, (socket) => socket.end('foreign'));
  await proxier.update(inputOf(service([a], other.port)));
  await proxier.update(inputOf(service([a], other.port)));
  t.match(refusals, [{ subject: { key: 'default/web' }, reason: 'PortInUse' }]);
  t.equal(String(await exchange(virtual()[0]?.localPort ?? 0)), 'a');
  await new Promise((resolve) => other.server.close(resolve));
  await clock.advance(10_000);
  await proxier.update(inputOf(service([a], other.port)));
  t.equal(String(await exchange(other.port)), 'a');
});
