// The proxy on a thread of its own: what happens there leaves the agent's own thread alone. And on the agent's thread: it
// leaves room there.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import type { Refusal } from '../../src/proxy/forwarder-plan.ts';
import { Proxier, type ProxyInput, type VirtualPort } from '../../src/proxy/proxier.ts';
import { ProxyThread } from '../../src/proxy/proxy-thread.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { clashingAddresses, endpointsOf, inputOf, tcpService } from '../support/proxied-services.ts';

const service = (endpoints: readonly Endpoint[], nodePort: number): ProxyInput =>
  inputOf(tcpService({}, { nodePort, endpoints: endpointsOf(endpoints) }));

async function world(t: Test, kind: typeof ProxyThread | typeof Proxier = ProxyThread) {
  const seen = { virtual: [] as readonly VirtualPort[], refusals: [] as Refusal[], logged: [] as string[] };
  const log = (_: object, message: string) => void seen.logged.push(message);
  const clock = new FakeClock();
  const logger: Logger = { ...silentLogger, warn: log, error: log };
  const proxy = new kind({
    listenAddress: '127.0.0.1',
    onVirtualPorts: (ports) => {
      seen.virtual = ports;
    },
    onRefusal: (refusal) => void seen.refusals.push(refusal),
    clock,
    logger,
  });
  await proxy.start();
  t.teardown(() => proxy.stop());
  return { proxy, seen, clock };
}

/** Answers with `text` and ends. */
async function backend(t: Test, text: string): Promise<Endpoint> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(text));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { ip: '127.0.0.1', port: address.port };
}

async function get(port: number): Promise<string> {
  let text = '';
  for await (const data of connect(port, '127.0.0.1')) text += data;
  return text;
}

t.test('ports, refusals, log lines and counts come out of the thread', async (t) => {
  const { proxy, seen } = await world(t);
  const nodePort = await freePort();
  const endpoint = await backend(t, 'hello');
  await proxy.update(service([endpoint], nodePort));
  t.equal(await get(nodePort), 'hello');
  t.equal(await get(seen.virtual[0]?.localPort ?? 0), 'hello');
  const counts = await eventually(async () => {
    const counters = (await proxy.counters()).get('default/web');
    return counters?.active === 0 ? counters : false;
  });
  t.match(counts, { accepted: 2, failed: 0, receivedBytes: 0, sentBytes: 10 });
  await proxy.update(service([endpoint], endpoint.port));
  t.match(seen.refusals, [{ subject: { key: 'default/web' }, reason: 'PortInUse' }]);
  t.match(seen.logged, [/in use by another program/]);
});

t.test('after stop() nothing listens and no connection is left', async (t) => {
  const { proxy } = await world(t);
  const nodePort = await freePort();
  const endpoint = await backend(t, 'hello');
  await proxy.update(service([endpoint], nodePort));
  await proxy.stop();
  await t.rejects(get(nodePort), { code: 'ECONNREFUSED' });
  t.equal((await proxy.counters()).size, 0);
});

t.test('a thread that dies is started again with what it was told last', async (t) => {
  const { proxy, seen, clock } = await world(t);
  const nodePort = await freePort();
  const endpoint = await backend(t, 'hello');
  await proxy.update(null as unknown as ProxyInput);
  t.same(seen.logged, ['the proxy thread has failed']);
  await proxy.update(service([endpoint], nodePort));
  await t.rejects(get(nodePort), { code: 'ECONNREFUSED' });
  await clock.advance(1000);
  t.equal(await eventually(() => get(nodePort)), 'hello');
});

t.test('one that is started again asks for the local ports that the last one had', async (t) => {
  const { proxy, seen, clock } = await world(t);
  const [older, newer] = clashingAddresses();
  const endpoints = endpointsOf([{ ip: '127.0.0.1', port: 9 }]);
  const service = (name: string, clusterIP: string) =>
    tcpService({ key: `default/${name}`, uid: name, clusterIP }, { protocol: 'UDP', endpoints });
  const both = inputOf(service('a', newer), service('b', older));
  await proxy.update(inputOf(service('b', older)));
  await proxy.update(both);
  const byAddress = () => seen.virtual.map(({ ip, localPort }) => `${ip} ${localPort}`).sort();
  const before = byAddress();
  t.equal(before.length, 2);
  await proxy.update(null as unknown as ProxyInput);
  t.same(seen.virtual, []);
  await clock.advance(1000);
  await proxy.update(both);
  await eventually(() => seen.virtual.length === 2);
  t.same(byAddress(), before);
});

/** How long this thread was ready and had no processor, since it began. */
function waitedMs(): number {
  const [, waitedNs] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return Number(waitedNs) / 1e6;
}

/**
 * As the agent's heartbeat: the longest that a timer of this thread came late. That others had the processors is left
 * out, which on a machine that runs many tests is most of it.
 */
async function latestWhile(action: () => Promise<void>): Promise<number> {
  let latestMs = 0;
  const nowMs = () => performance.now() - waitedMs();
  let last = nowMs();
  const timer = setInterval(() => {
    const now = nowMs();
    latestMs = Math.max(latestMs, now - last - 50);
    last = now;
  }, 50);
  await action();
  clearInterval(timer);
  return latestMs;
}

/** Connects and reads as fast as it can, in a process of its own, and answers its own requests. */
async function flood(t: Test): Promise<{ port: number; aim(port: number): ChildProcess }> {
  const run = (script: string, ...args: string[]) => {
    const child = spawn(process.execPath, ['-e', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const server = run(`
    const chunk = Buffer.alloc(1 << 18);
    const server = require('node:net').createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => undefined);
      let left = 40;
      const push = () => { while (left-- > 0) if (!socket.write(chunk)) return socket.once('drain', push); socket.end(); };
      push();
    }).listen(0, '127.0.0.1', () => console.log(server.address().port));`);
  const [port] = await once(server.stdout, 'data');
  const client = `
    const port = Number(process.argv[1]);
    const again = () => require('node:net').connect(port, '127.0.0.1').on('error', () => undefined).on('close', again).resume();
    for (let i = 0; i < 200; i++) again();`;
  return { port: Number(port), aim: (to) => run(client, String(to)) };
}

/** Of the second that a heartbeat may be late: the rest is for a machine on which others have the processors. */
const LATE_MS = 250;
/** On a machine that has no time for 300 clients. */
const FLOOD_MS = 8_000;

for (const [where, kind] of [
  ['on a thread of its own', ProxyThread],
  ["on the agent's thread", Proxier],
] as const) {
  t.test(`under a flood no timer of the agent is late, the proxy being ${where}`, async (t) => {
    const { proxy } = await world(t, kind);
    const nodePort = await freePort();
    const source = await flood(t);
    await proxy.update(service([{ ip: '127.0.0.1', port: source.port }], nodePort));
    const client = source.aim(nodePort);
    const accepted = async () => (await proxy.counters()).get('default/web')?.accepted ?? 0;
    const latestMs = await latestWhile(async () => {
      const beginMs = performance.now();
      const isLongEnough = async () => (await accepted()) > 300 || performance.now() - beginMs > FLOOD_MS;
      await eventually(isLongEnough, 30_000, 200);
    });
    t.ok((await accepted()) >= 100, 'there was a flood');
    client.kill('SIGKILL');
    t.comment(`at most ${latestMs.toFixed(0)} ms late`);
    t.ok(latestMs < LATE_MS, `${latestMs.toFixed(0)} ms late`);
  });
}
