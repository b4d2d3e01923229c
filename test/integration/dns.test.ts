// The cluster's DNS over real sockets: what resolvers, careless clients and vandals send.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { encode } from 'dns-packet';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ClusterDns } from '../../src/dns/cluster-dns.ts';
import { DnsServer } from '../../src/dns/dns-server.ts';
import type { Upstream } from '../../src/dns/upstream-exchange.ts';
import { alias, byKey, db, outside, web } from '../support/dns-services.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { heldBytes } from '../support/held-bytes.ts';

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
  const circle = [alias('a', 'b.shop.svc.cluster.local'), alias('b', 'a.shop.svc.cluster.local')];
  dns.update(byKey(web, db, outside, ...circle));
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

const question = (name: string, type: 'A' | 'SRV' = 'A') =>
  encode({ type: 'query', id: 1, questions: [{ type, name }] });
const valid = question('web.default.svc.cluster.local');
const circular = question('a.shop.svc.cluster.local');
/** Names that point at themselves and at each other. */
const looping = Buffer.concat([valid.subarray(0, 12), Buffer.from([0xc0, 14, 0xc0, 12, 0, 1, 0, 1])]);
const oversized = Buffer.concat([valid, randomBytes(60_000)]);

/** Damaged, random, circular, looping and oversized ones, and some for names that are not of the cluster. */
function hostile(i: number): Buffer {
  if (i % 500 === 0) return oversized;
  if (i % 50 === 0) return i % 100 ? circular : looping;
  if (i % 20 === 0) return question(`n${i}.elsewhere.test`, 'SRV');
  if (i % 2) return randomBytes(i % 700);
  const packet = Buffer.from(valid);
  packet.writeUInt8(i % 256, i % packet.length);
  return packet;
}

t.test('100,000 hostile packets neither end it nor make it grow', { timeout: 60_000 }, async (t) => {
  const port = await clusterDns(t);
  await flood(port, 20_000, hostile);
  const before = heldBytes();
  await flood(port, 80_000, hostile);
  await eventually(() => stillAnswers(port).then(() => true), 10_000);
  const grownMB = (heldBytes() - before) / 1e6;
  t.ok(grownMB < 3, `grew by ${grownMB.toFixed(1)} MB`);
});

/** What an upstream server may send instead of an answer. */
const rubbish: ((asked: Buffer) => Buffer)[] = [
  (asked) => Buffer.concat([asked.subarray(0, 2), randomBytes(400)]),
  (asked) => claiming(asked, 3, randomBytes(300)),
  (asked) => claiming(asked, 0xffff, Buffer.alloc(0)),
  (asked) => claiming(asked, 1, Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12])),
  (asked) =>
    claiming(
      asked,
      1,
      Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0xea, 0x60]), Buffer.alloc(60_000)]),
    ),
  (asked) => asked.subarray(0, 7),
];

/** A response to `asked` with that many answers, by its own word. */
function claiming(asked: Buffer, answers: number, records: Buffer): Buffer {
  const response = Buffer.concat([asked, records]);
  response.writeUInt16BE(0x8180, 2);
  response.writeUInt16BE(answers, 6);
  return response;
}

t.test('an upstream server that answers rubbish costs its names, and no others', async (t) => {
  const upstream = createSocket('udp4');
  let asked = 0;
  upstream.on('message', (query, { port, address }) => {
    const [make = (same: Buffer) => same] = rubbish.slice(asked++ % rubbish.length);
    upstream.send(make(query), port, address);
  });
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const port = await clusterDns(t, [{ address: '127.0.0.1', port: upstream.address().port }]);
  const resolver = resolverAt(port);
  const names = Array.from({ length: 60 }, (_, i) =>
    i % 10 ? `n${i}.test` : 'outside.shop.svc.cluster.local',
  );
  const ends = await Promise.allSettled(names.map((name) => resolver.resolve4(name)));
  t.same(
    ends.filter(({ status }) => status === 'fulfilled'),
    [],
  );
  t.ok(asked >= 50, `${asked} were forwarded`);
  await stillAnswers(port);
});

t.test('a TCP client that asks without end and never reads is held back, then let go', async (t) => {
  const port = await clusterDns(t);
  const deaf = connect(port, '127.0.0.1').on('error', () => undefined);
  deaf.pause();
  const framed = Buffer.concat([Buffer.from([0, valid.length]), valid]);
  const many = Buffer.concat(Array.from({ length: 1000 }, () => framed));
  const before = heldBytes();
  for (let i = 0; i < 400 && !deaf.destroyed; i++) {
    const isTaken = deaf.write(many);
    if (!isTaken)
      await Promise.race([once(deaf, 'drain'), new Promise((resolve) => setTimeout(resolve, 10))]);
  }
  await stillAnswers(port);
  const grownMB = (heldBytes() - before - deaf.writableLength) / 1e6;
  t.ok(grownMB < 8, `${grownMB.toFixed(1)} MB are kept for it`);
  deaf.destroy();
});

t.test('a TCP client that sends half a question, many, or rubbish harms nobody', async (t) => {
  const port = await clusterDns(t);
  const half = connect(port, '127.0.0.1');
  half.write(Buffer.from([0, 40, 1, 2, 3]));
  const noise = connect(port, '127.0.0.1').on('error', () => undefined);
  noise.end(randomBytes(100_000));
  const many = connect(port, '127.0.0.1');
  const length = Buffer.from([0, valid.length]);
  let received = 0;
  many.on('data', (chunk) => {
    received += chunk.length;
  });
  for (let i = 0; i < 100; i++) many.write(Buffer.concat([length, valid]));
  await stillAnswers(port);
  await eventually(() => received >= 100 * (valid.length + 2));
  for (const socket of [half, noise, many]) socket.destroy();
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

t.test('it has the port again that it had before, and another one where a program has that', async (t) => {
  const preferred = await freePort();
  const listeningAt = async () => {
    let port = 0;
    const dns = new ClusterDns({
      host: '127.0.0.1',
      port: 0,
      preferredPorts: [preferred],
      domain: 'cluster.local',
      ownsAddress: () => false,
      onListening: (at) => {
        port = at;
      },
      upstreams: async () => [],
      clock: systemClock,
      logger: silentLogger,
    });
    await dns.start();
    return { port, stop: () => dns.stop() };
  };
  const first = await listeningAt();
  t.equal(first.port, preferred);
  const beside = await listeningAt();
  t.not(beside.port, preferred);
  t.not(beside.port, 0);
  await beside.stop();
  await first.stop();
  const again = await listeningAt();
  t.equal(again.port, preferred);
  await again.stop();
});

t.test('a question that brings out a mistake costs its own answer, and no other', async (t) => {
  const told: string[] = [];
  const server = new DnsServer({
    host: '127.0.0.1',
    port: 0,
    answer: (query) => {
      if (query.length === 1) throw new Error('at once');
      if (query.length === 2) return Promise.reject(new Error('later'));
      return query;
    },
    logger: { ...silentLogger, error: ({ err }) => told.push((err as Error).message) },
  });
  await server.start();
  t.teardown(() => server.stop());
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (const text of ['1', '22', '333']) socket.send(text, server.port, '127.0.0.1');
  const [answer] = await once(socket, 'message');
  t.equal(String(answer), '333');
  await eventually(() => told.length === 2);
  t.same(told.sort(), ['at once', 'later']);
});
