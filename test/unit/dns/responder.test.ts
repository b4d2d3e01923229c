import { type Answer, decode, encode, type OptAnswer } from 'dns-packet';
import fc from 'fast-check';
import t from 'tap';
import type { BoardService } from '../../../src/api/board-service.ts';
import { AnswerCache } from '../../../src/dns/answer-cache.ts';
import { ClusterZone } from '../../../src/dns/cluster-zone.ts';
import { Forwarder } from '../../../src/dns/forwarder.ts';
import { readPlainQuestion } from '../../../src/dns/plain-question.ts';
import { Responder } from '../../../src/dns/responder.ts';
import { rcodeOf, rcodes } from '../../../src/dns/wire.ts';
import { alias, byKey, db, outside, web } from '../../support/dns-services.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function responder(services: BoardService[] | undefined = [web, db, outside]): Responder {
  const zone = new ClusterZone({ domain: 'cluster.local', ownsAddress: (ip) => ip.startsWith('10.4') });
  if (services.length > 0) zone.update(byKey(...services));
  const clock = new FakeClock();
  const exchange = async (asked: Buffer) => {
    const { id = 0, questions = [] } = decode(asked);
    const name = questions[0]?.name ?? '';
    const answers: Answer[] = [{ type: 'A', name, ttl: 60, data: '203.0.113.7' }];
    return encode({ type: 'response', id, flags: 0x8180, questions, answers });
  };
  const upstreams = async () => [{ address: '192.0.2.1', port: 53 }];
  const cache = new AnswerCache(clock, 10);
  const forwarder = new Forwarder({ upstreams, exchange, cache, clock });
  return new Responder({ zone, forwarder, domain: 'cluster.local', clock: new FakeClock() });
}

const query = (name: string, type = 'A', additionals: Answer[] = []) =>
  encode({ type: 'query', id: 9, flags: 0x100, questions: [{ type: type as 'A', name }], additionals });
const edns = (udpPayloadSize: number, ednsVersion = 0): Answer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion,
  flags: 0,
  flag_do: false,
  options: [],
});

async function ask(message: Buffer, of = responder(), transport: 'udp' | 'tcp' = 'udp') {
  const response = await of.answer(message, transport);
  if (!response) throw new Error('no answer');
  return { ...decode(response), response, rcode: rcodeOf(response) };
}

t.test('a name of the cluster is answered with authority, as it was spelt', async (t) => {
  const found = await ask(query('Web.Default.svc.cluster.local'));
  t.match(found, { id: 9, flag_aa: true, flag_ra: true, flag_rd: true, rcode: 0 });
  t.match(found.questions, [{ name: 'Web.Default.svc.cluster.local' }]);
  t.match(found.answers, [{ name: 'Web.Default.svc.cluster.local', data: '10.48.0.5' }]);
});

t.test('what does not exist is told with the life of that answer, and never forwarded', async (t) => {
  const found = await ask(query('www.example.com.default.svc.cluster.local'));
  t.equal(found.rcode, rcodes.NXDOMAIN);
  t.match(found.authorities, [{ type: 'SOA', name: 'cluster.local', data: { minimum: 5 } }]);
});

t.test('other names are asked of the board’s servers', async (t) => {
  t.match(await ask(query('www.example.com')), {
    rcode: 0,
    flag_aa: false,
    answers: [{ data: '203.0.113.7' }],
  });
});

t.test('an ExternalName is told with what it leads to', async (t) => {
  t.match((await ask(query('outside.shop.svc.cluster.local'))).answers, [
    { type: 'CNAME', data: 'www.example.com' },
    { type: 'A', name: 'www.example.com', data: '203.0.113.7' },
  ]);
  const chain = responder([
    web,
    alias('a', 'b.shop.svc.cluster.local'),
    alias('b', 'web.default.svc.cluster.local'),
  ]);
  t.match((await ask(query('a.shop.svc.cluster.local'), chain)).answers, [{}, {}, { data: '10.48.0.5' }]);
});

t.test('aliases that lead in a circle are given up', async (t) => {
  const circle = responder([alias('a', 'b.shop.svc.cluster.local'), alias('b', 'a.shop.svc.cluster.local')]);
  t.equal((await ask(query('a.shop.svc.cluster.local'), circle)).rcode, rcodes.SERVFAIL);
});

t.test('before the master has told of its Services their names are not denied', async (t) => {
  t.equal((await ask(query('web.default.svc.cluster.local'), responder([]))).rcode, rcodes.SERVFAIL);
});

t.test('an answer that does not fit is cut, and whole over TCP', async (t) => {
  const endpoints = Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.40.1.${i}`] }));
  const many = responder([{ ...db, slices: [{ addressType: 'IPv4', ports: [], endpoints }] }]);
  const name = 'db.default.svc.cluster.local';
  const cut = await ask(query(name), many);
  t.ok(cut.flag_tc && cut.response.length <= 512);
  t.match(cut.answers, [{ name, data: /^10\.40\.1\./ }], 'who cannot ask over TCP lives with what fits');
  t.equal((await ask(query(name), many, 'tcp')).answers?.length, 60);
  const some = responder([
    { ...db, slices: [{ addressType: 'IPv4', ports: [], endpoints: endpoints.slice(0, 40) }] },
  ]);
  t.ok((await ask(query(name), some)).flag_tc);
  const little = await ask(query(name, 'A', [edns(512)]), many);
  t.match(little.additionals, [{ type: 'OPT' }], 'a cut answer keeps its EDNS');
  t.ok(little.flag_tc && little.response.length <= 512);
  const whole = await ask(query(name, 'A', [edns(4096)]), some);
  t.equal(whole.answers?.length, 40);
  t.match(whole.additionals, [{ type: 'OPT', udpPayloadSize: 1232 }]);
});

t.test('ports of a thousand endpoints fit into one answer over TCP', async (t) => {
  const endpoints = Array.from({ length: 1000 }, (_, i) => ({ addresses: [`10.4${i >> 8}.${i & 255}.7`] }));
  const slices = [{ addressType: 'IPv4' as const, ports: [{ name: 'sql', port: 5432 }], endpoints }];
  const many = responder([{ ...db, slices }]);
  const name = '_Sql._tcp.db.default.svc.cluster.local';
  const found = await ask(query(name, 'SRV', [edns(1232)]), many, 'tcp');
  t.equal(found.answers?.length, 1000);
  t.match(found.answers?.[0], { name, type: 'SRV', data: { port: 5432, target: /^10-4.*\.db\./ } });
  t.notOk(found.flag_tc, 'the addresses beside them are no loss');
  t.match(found.additionals, [{ type: 'OPT' }]);
  const few = await ask(query(name, 'SRV'), responder([db]));
  t.match(few.additionals, [
    { type: 'A', data: '10.40.0.2' },
    { type: 'A', data: '10.40.2.4' },
  ]);
});

t.test('a version of EDNS that is not known is refused as such', async (t) => {
  t.match((await ask(query('web.default.svc.cluster.local', 'A', [edns(1232, 1)]))).additionals, [
    { type: 'OPT', extendedRcode: 1 },
  ]);
});

t.test('what is no question is told so, and a response gets none', async (t) => {
  const response = query('x');
  response.writeUInt16BE(0x8000, 2);
  t.equal(await responder().answer(response, 'udp'), undefined);
  t.equal(await responder().answer(Buffer.alloc(5), 'udp'), undefined);
  const update = query('x');
  update.writeUInt16BE(5 << 11, 2);
  t.equal((await ask(update)).rcode, rcodes.NOTIMP);
  const half = await responder().answer(query('x.example').subarray(0, 14), 'udp');
  t.equal(half && rcodeOf(half), rcodes.FORMERR);
  t.equal((await ask(query('cluster.local', 'AXFR'))).rcode, rcodes.REFUSED);
});

t.test('what is read without the library is read as the library does', (t) => {
  const names = fc.array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/), { minLength: 1, maxLength: 6 });
  const types = fc.constantFrom('A', 'AAAA', 'SRV', 'PTR', 'TXT', 'CNAME', 'SOA');
  const sizes = fc.option(fc.nat(65_535), { nil: undefined });
  fc.assert(
    fc.property(names, types, sizes, (labels, type, size) => {
      const message = query(labels.join('.'), type, size === undefined ? [] : [edns(size)]);
      const { questions, additionals } = decode(message);
      const opt = additionals?.find((record): record is OptAnswer => record.type === 'OPT');
      t.match(readPlainQuestion(message), {
        spelling: questions?.[0]?.name,
        type: questions?.[0]?.type,
        edns: opt && { udpPayloadSize: opt.udpPayloadSize, ednsVersion: opt.ednsVersion },
      });
    }),
    { numRuns: 200 },
  );
  t.equal(readPlainQuestion(query('a b.example')), undefined, 'a name of no host is left to it');
  t.equal(readPlainQuestion(query('x.example', 'AXFR')), undefined);
  t.end();
});

t.test('no message at all makes it throw, and no pointer makes it turn in circles', async (t) => {
  const one = responder();
  const valid = query('web.default.svc.cluster.local', 'A', [edns(1232)]);
  const damaged = fc
    .tuple(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(valid.length))
    .map(([changes, length]) => {
      const copy = Buffer.from(valid);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy.subarray(0, length);
    });
  const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, random), async (message) => {
      const response = await one.answer(message, 'udp');
      return response === undefined || response.length >= 12;
    }),
    { numRuns: 3000 },
  );
  const loop = query('a.b');
  loop.writeUInt16BE(0xc00c, 12);
  t.ok(await one.answer(loop, 'udp'));
});
