// The proxy's data path under what networks do: bytes in any portions, ends and resets at any time, readers that do
// not read, thousands of idle connections, much through one.
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { type Endpoint, endpointId } from '../../src/proxy/endpoint-choice.ts';
import { Proxier } from '../../src/proxy/proxier.ts';
import { Relay } from '../../src/proxy/relay.ts';
import { RelayBuffers } from '../../src/proxy/relay-buffers.ts';
import { connectTo, newSocket, startReading } from '../../src/proxy/tcp-handle.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { endpointsOf, inputOf, tcpService } from '../support/proxied-services.ts';
import type { RelayUse } from '../support/relay-process.ts';

const isLong = process.env.EDGE_TEST_LONG === '1';
const MiB = 1 << 20;

async function backend(t: Test, onConnection: (socket: Socket) => void): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    onConnection(socket);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { ip: '127.0.0.1', port: address.port };
}

async function proxied(t: Test, endpoint: Endpoint) {
  const options = { listenAddress: '127.0.0.1', onVirtualPorts: () => undefined, onRefusal: t.fail };
  const proxier = new Proxier({ ...options, clock: new FakeClock(), logger: silentLogger });
  await proxier.start();
  t.teardown(() => proxier.stop());
  const nodePort = await freePort();
  const update = (endpoints: readonly Endpoint[], terminating: readonly Endpoint[] = []) => {
    const going = { terminating: terminating.map(endpointId) };
    const present = [...endpoints, ...terminating].map(endpointId);
    const known = endpointsOf(endpoints, [], { ...going, present });
    return proxier.update(inputOf(tcpService({ clusterIP: '' }, { nodePort, endpoints: known })));
  };
  await update([endpoint]);
  return { port: nodePort, update };
}

function dial(t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  return socket.on('error', () => undefined);
}

/** With a young generation so large that nothing is collected what is used is what was allocated. */
const UNCOLLECTED = ['--max-semi-space-size=64', '--min-semi-space-size=64'];

/** A proxy of its own process in front of `endpoint`. */
async function relayProcess(t: Test, endpoint: Endpoint, execArgv: string[], ...more: string[]) {
  const port = await freePort();
  const file = join(import.meta.dirname, '../support/relay-process.ts');
  const child = fork(file, [String(port), String(endpoint.port), ...more], { execArgv });
  t.teardown(() => child.kill());
  await once(child, 'message');
  return { port, use: () => ask(child) };
}

async function ask(child: ChildProcess): Promise<RelayUse> {
  child.send('use');
  const [use] = await once(child, 'message');
  return use as RelayUse;
}

/** Sends `portions`, each by itself, closes its half, and resolves with what came back. */
async function echo(
  socket: Socket,
  portions: readonly Uint8Array[],
  pauses: readonly number[],
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const ended = new Promise<Buffer>((resolve, reject) => {
    socket.on('end', () => resolve(Buffer.concat(chunks))).on('close', () => reject(new Error('closed')));
    socket.on('data', (chunk: Buffer) => {
      const pauseMs = pauses[chunks.push(chunk) % (pauses.length + 1)];
      if (!pauseMs) return;
      socket.pause();
      setTimeout(() => socket.resume(), pauseMs);
    });
  });
  for (const portion of portions) {
    await new Promise((resolve) => socket.write(portion, resolve));
  }
  socket.end();
  return ended;
}

t.test('bytes in any portions come back as they went, beside others and through slow readers', async (t) => {
  const { port } = await proxied(t, await backend(t, (socket) => socket.pipe(socket)));
  const portion = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 16_000, max: 17_000 }),
    fc.integer({ min: 1, max: 900_000 }),
  );
  const talk = fc.record({
    sizes: fc.array(portion, { maxLength: 8 }),
    pauses: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 3 }),
  });
  const property = fc.asyncProperty(fc.array(talk, { minLength: 1, maxLength: 12 }), async (talks) => {
    await Promise.all(
      talks.map(async ({ sizes, pauses }) => {
        const portions = sizes.map((size) => randomBytes(size));
        const back = await echo(dial(t, port), portions, pauses);
        if (!back.equals(Buffer.concat(portions))) throw new Error(`${sizes} came back otherwise`);
      }),
    );
  });
  await t.resolves(Promise.resolve(fc.assert(property, { numRuns: isLong ? 400 : 25 })));
});

t.test('a reader that takes nothing does not change the bytes that wait for it', async (t) => {
  const body = randomBytes(24 * MiB);
  const { port } = await proxied(t, await backend(t, (socket) => void socket.end(body)));
  const waiting = dial(t, port).pause();
  const small = dial(t, await (await proxied(t, await backend(t, (socket) => socket.pipe(socket)))).port);
  await once(waiting, 'connect');
  for (let i = 0; i < 50; i++) {
    small.write(randomBytes(5000));
    await once(small, 'data');
  }
  const chunks: Buffer[] = [];
  waiting.on('data', (chunk: Buffer) => void chunks.push(chunk)).resume();
  await once(waiting, 'end');
  t.ok(Buffer.concat(chunks).equals(body));
});

t.test('either side can end its half first, and the other goes on', async (t) => {
  const { port } = await proxied(
    t,
    await backend(t, (socket) => {
      socket.end('first');
      socket.on('data', (data) => received.push(String(data))).on('end', () => received.push('end'));
    }),
  );
  const received: string[] = [];
  const client = dial(t, port);
  const seen: string[] = [];
  client.on('data', (data) => seen.push(String(data)));
  for (const event of ['end', 'close']) client.on(event, () => seen.push(event));
  await eventually(() => seen.includes('end'));
  client.write('later');
  await eventually(() => received.includes('later'));
  client.end();
  await eventually(() => received.includes('end') && seen.includes('close'));
  t.same(seen, ['first', 'end', 'close']);
});

t.test('a reset goes through, from the client and from the endpoint', async (t) => {
  const seen: string[] = [];
  const { port } = await proxied(
    t,
    await backend(t, (socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
      socket.on('data', (data) => (String(data) === 'reset' ? socket.resetAndDestroy() : socket.write(data)));
    }),
  );
  const client = dial(t, port);
  client.write('hello');
  await once(client, 'data');
  client.resetAndDestroy();
  await eventually(() => seen[0] === 'ECONNRESET');
  const other = dial(t, port);
  const errors: string[] = [];
  other.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
  other.write('reset');
  await eventually(() => errors[0] === 'ECONNRESET');
  t.same([...seen, ...errors], ['ECONNRESET', 'ECONNRESET']);
});

t.test('a connection outlives its endpoint being withdrawn, and ends when the pod is gone', async (t) => {
  const endpoint = await backend(t, (socket) => socket.pipe(socket));
  const next = await backend(t, (socket) => void socket.end('next'));
  const { port, update } = await proxied(t, endpoint);
  const old = dial(t, port);
  const says = async (text: string) => {
    old.write(text);
    const [data] = await once(old, 'data');
    t.equal(String(data), text);
  };
  await says('ready');
  await update([next]);
  await says('not ready');
  await update([next], [endpoint]);
  await says('terminating');
  const [answer] = await once(dial(t, port), 'data');
  t.equal(String(answer), 'next', 'new connections go elsewhere');
  await update([next]);
  await eventually(() => old.destroyed);
});

t.test('much goes through one connection unchanged, in few allocations', async (t) => {
  const bytes = (isLong ? 2048 : 192) * MiB;
  const chunk = randomBytes(4 * MiB);
  const sent = createHash('sha256');
  for (let i = 0; i < bytes; i += chunk.length) sent.update(chunk);
  const endpoint = await backend(t, async (socket) => {
    for (let i = 0; i < bytes; i += chunk.length) if (!socket.write(chunk)) await once(socket, 'drain');
    socket.end();
  });
  const relay = await relayProcess(t, endpoint, UNCOLLECTED);
  const before = await relay.use();
  const received = createHash('sha256');
  const client = dial(t, relay.port);
  for await (const data of client) received.update(data);
  const after = await relay.use();
  t.equal(received.digest('hex'), sent.digest('hex'));
  const perMiB = (after.heapUsedBytes - before.heapUsedBytes) / (bytes / MiB);
  t.comment(`${perMiB.toFixed(0)} bytes of heap per MiB`);
  t.equal(after.collections, 0, 'nothing was collected, so that what is in use is what was allocated');
  t.ok(perMiB < 16_000, `${perMiB.toFixed(0)} bytes of heap were allocated per relayed MiB`);
  t.ok(after.externalBytes - before.externalBytes < 4 * MiB, 'and hardly a buffer');
});

t.test('idle connections by the thousand cost little each', { timeout: 120_000 }, async (t) => {
  const count = isLong ? 8000 : 1000;
  const endpoint = await backend(t, (socket) => socket.on('data', (data) => socket.write(data)));
  const relay = await relayProcess(t, endpoint, [], 'collect');
  const before = await relay.use();
  const clients: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const client = dial(t, relay.port);
    client.write('hello');
    await once(client, 'data');
    clients.push(client);
  }
  const after = await relay.use();
  const each = (after.residentBytes - before.residentBytes) / count;
  t.comment(`${each.toFixed(0)} bytes each`);
  t.ok(each < 10_000, `${each.toFixed(0)} bytes for each idle connection`);
  for (const client of clients) client.destroy();
});

t.test('connections that are over leave nothing for a full collection', { timeout: 120_000 }, async (t) => {
  const [lanes, turns] = [16, 400];
  const endpoint = await backend(t, (socket) => socket.end('answer'));
  const relay = await relayProcess(t, endpoint, ['--max-semi-space-size=1']);
  const come = async (count: number) => {
    for (let i = 0; i < count; i++) await once(connect(relay.port, '127.0.0.1').resume(), 'close');
  };
  const crowd = (count: number) => Promise.all(Array.from({ length: lanes }, () => come(count)));
  await crowd(turns / 4);
  const before = await relay.use();
  await crowd(turns);
  const after = await relay.use();
  const each = (after.oldBytes - before.oldBytes) / (lanes * turns);
  t.comment(`${each.toFixed(0)} bytes each`);
  t.ok(each < 200, `${each.toFixed(0)} bytes left by each connection`);
});

t.test('a relay that is given up while it says goodbye leaves no file open', async (t) => {
  const accepted: Socket[] = [];
  const endpoint = await backend(t, (socket) => {
    accepted.push(socket.resume().on('end', () => socket.end()));
  });
  const open = async () => {
    const handle = newSocket();
    const count = accepted.length;
    await new Promise<number>((resolve) => connectTo(handle, endpoint.ip, endpoint.port, resolve));
    await eventually(() => accepted.length > count);
    return handle;
  };
  const files = () => readdirSync('/proc/self/fd').length;
  const before = files();
  for (let i = 0; i < 20; i++) {
    const client = await open();
    const leaving = accepted.at(-1);
    const upstream = await open();
    const buffers = new RelayBuffers();
    startReading(upstream, buffers.shared);
    const relay = new Relay(client, upstream, buffers, () => undefined);
    const shutdown = upstream.shutdown.bind(upstream);
    const givenUp = new Promise<void>((resolve) => {
      // The kernel has been told by then, and has not answered.
      upstream.shutdown = (request) => {
        const error = shutdown(request);
        queueMicrotask(() => {
          relay.abort();
          resolve();
        });
        return error;
      };
    });
    relay.start();
    leaving?.end();
    await givenUp;
  }
  await eventually(() => files() <= before);
});
