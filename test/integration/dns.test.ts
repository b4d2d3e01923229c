// The cluster's DNS over real sockets: what resolvers, careless clients and vandals send.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encode } from 'dns-packet';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ClusterDns } from '../../src/dns/cluster-dns.ts';
import { DnsServer } from '../../src/dns/dns-server.ts';
import type { Upstream } from '../../src/dns/upstream-exchange.ts';
import { byKey, db, outside, web } from '../support/dns-services.ts';
import { eventually } from '../support/eventually.ts';

async function clusterDns(t: Test, upstreams: readonly Upstream[] = []): Promise<number> {
  let port = 0;
  const dns = new ClusterDns({
    host: '127.0.0.1',
    port: 0,
    domain: 'cluster.local',
    ownsAddress: (ip) => ip.startsWith('10.4'),
    onListening: (at) => {
      port = at;
    },
    upstreams: async () => upstreams,
    clock: systemClock,
    logger: silentLogger,
  });
  dns.update(byKey(web, db, outside));
  await dns.start();
  t.teardown(() => dns.stop());
  return port;
}

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

t.test('a resolver finds addresses, ports, pods and names of addresses', async (t) => {
  const resolver = resolverAt(await clusterDns(t));
  t.same(await resolver.resolve4('web.default.svc.cluster.local'), ['10.48.0.5']);
  t.match(await resolver.resolveSrv('_http._tcp.web.default.svc.cluster.local'), [{ port: 80 }]);
  t.same(await resolver.reverse('10.40.0.2'), ['db-0.db.default.svc.cluster.local']);
  await t.rejects(resolver.resolve4('none.default.svc.cluster.local'), { code: 'ENOTFOUND' });
  await t.rejects(resolver.resolve6('web.default.svc.cluster.local'), { code: 'ENODATA' });
});

t.test('what is not of the cluster comes from the next server, over TCP where it does not fit', async (t) => {
  const endpoints = Array.from({ length: 80 }, (_, i) => ({ addresses: [`10.40.1.${i}`] }));
  const many = { ...db, key: 'x/many', slices: [{ addressType: 'IPv4' as const, ports: [], endpoints }] };
  const upstream = new ClusterDns({
    host: '127.0.0.1',
    port: 0,
    domain: 'elsewhere.example',
    ownsAddress: () => false,
    onListening: (at) => {
      port = at;
    },
    upstreams: async () => [],
    clock: systemClock,
    logger: silentLogger,
  });
  let port = 0;
  upstream.update(byKey({ ...web, key: 'x/one' }, many));
  await upstream.start();
  t.teardown(() => upstream.stop());
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const servers = [
    { address: '127.0.0.1', port: silent.address().port },
    { address: '127.0.0.1', port },
  ];
  const resolver = new Resolver({ timeout: 5000, tries: 1 });
  resolver.setServers([`127.0.0.1:${await clusterDns(t, servers)}`]);
  t.same(await resolver.resolve4('one.x.svc.elsewhere.example'), ['10.48.0.5'], 'the first one says nothing');
  t.equal((await resolver.resolve4('many.x.svc.elsewhere.example')).length, 80);
});

/** Resolves when it has answered one honest question. */
async function stillAnswers(port: number): Promise<void> {
  await resolverAt(port).resolve4('web.default.svc.cluster.local');
}

async function flood(port: number, packets: number, make: (i: number) => Buffer): Promise<void> {
  const socket: Socket = createSocket('udp4');
  socket.on('message', () => undefined);
  for (let i = 0; i < packets; i++) {
    const sent = new Promise((resolve) => socket.send(make(i), port, '127.0.0.1', resolve));
    // In portions, so that the server's socket buffer is not what drops them.
    if (i % 50 === 0) await sent;
  }
  socket.close();
}

/** What is still referred to. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

t.test('100,000 random packets neither end it nor make it grow', { timeout: 60_000 }, async (t) => {
  const port = await clusterDns(t);
  const valid = encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'A', name: 'web.default.svc.cluster.local' }],
  });
  const damaged = (i: number) => {
    const packet = Buffer.from(valid);
    packet.writeUInt8(i % 256, i % packet.length);
    return i % 2 ? packet : randomBytes(i % 700);
  };
  await flood(port, 20_000, damaged);
  const before = heldBytes();
  await flood(port, 80_000, damaged);
  await eventually(() => stillAnswers(port).then(() => true), 10_000);
  const grownMB = (heldBytes() - before) / 1e6;
  t.ok(grownMB < 3, `grew by ${grownMB.toFixed(1)} MB`);
});

t.test('a TCP client that sends half a question, many, or rubbish harms nobody', async (t) => {
  const port = await clusterDns(t);
  const half = connect(port, '127.0.0.1');
  half.write(Buffer.from([0, 40, 1, 2, 3]));
  const rubbish = connect(port, '127.0.0.1').on('error', () => undefined);
  rubbish.end(randomBytes(100_000));
  const many = connect(port, '127.0.0.1');
  const question = encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'A', name: 'web.default.svc.cluster.local' }],
  });
  const length = Buffer.from([0, question.length]);
  let received = 0;
  many.on('data', (chunk) => {
    received += chunk.length;
  });
  for (let i = 0; i < 100; i++) many.write(Buffer.concat([length, question]));
  await stillAnswers(port);
  await eventually(() => received >= 100 * (question.length + 2));
  for (const socket of [half, rubbish, many]) socket.destroy();
});

t.test('it waits for an address that is not there yet', async (t) => {
  const taken = new DnsServer({
    host: '127.0.0.1',
    port: 0,
    answer: async () => undefined,
    logger: silentLogger,
  });
  await taken.start();
  let listening = 0;
  const dns = new ClusterDns({
    host: '127.0.0.1',
    port: taken.port,
    domain: 'cluster.local',
    ownsAddress: () => false,
    onListening: (at) => {
      listening = at;
    },
    upstreams: async () => [],
    clock: { ...systemClock, after: (_, action) => systemClock.after(20, action) },
    logger: silentLogger,
  });
  await dns.start();
  t.teardown(() => dns.stop());
  t.equal(listening, 0);
  const { port } = taken;
  await taken.stop();
  await eventually(() => listening === port);
});
