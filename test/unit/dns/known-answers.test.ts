// Answers that are told again without reading the question: the same bytes as a fresh one, for as long as they hold.
import { decode, encode, type Packet } from 'dns-packet';
import t from 'tap';
import { ClusterZone } from '../../../src/dns/cluster-zone.ts';
import type { Forwarder } from '../../../src/dns/forwarder.ts';
import { KnownAnswers } from '../../../src/dns/known-answers.ts';
import { Responder } from '../../../src/dns/responder.ts';
import { respond } from '../../../src/dns/wire.ts';
import { byKey, db, web } from '../../support/dns-services.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ask = (name: string, id: number, more: Partial<Packet> = {}): Buffer =>
  encode({ type: 'query', id, questions: [{ name, type: 'A' }], ...more });
const domain = 'cluster.local';

function responderOf() {
  const zone = new ClusterZone({ domain, ownsAddress: () => false });
  zone.update(byKey(web, db));
  const clock = new FakeClock();
  const asked: number[] = [];
  const forwarder = {
    answer: (query: Buffer) => {
      asked.push(query.readUInt16BE(0));
      return respond(query, 'NOERROR');
    },
  } as unknown as Forwarder;
  const responder = new Responder({ zone, forwarder, domain, clock });
  const answer = (query: Buffer, transport: 'udp' | 'tcp' = 'udp') =>
    responder.answer(query, transport) as Buffer;
  return { zone, clock, asked, answer };
}

t.test('a question that comes again is answered alike, under its own id', async (t) => {
  const { answer } = responderOf();
  const name = 'web.default.svc.cluster.local';
  const first = answer(ask(name, 1));
  const again = answer(ask(name, 0x1234));
  t.equal(again.readUInt16BE(0), 0x1234);
  t.same(again.subarray(2), first.subarray(2));
  t.match(decode(again).answers, [{ name, data: '10.48.0.5' }]);
  again.fill(0);
  t.same(answer(ask(name, 1)), first, 'each gets bytes of his own');
  t.match(
    decode(answer(ask('WEB.default.svc.cluster.local', 1))).questions,
    [{ name: /^WEB/ }],
    'spelt as asked',
  );
});

t.test('what differs in anything but the id is another question', async (t) => {
  const { answer } = responderOf();
  const name = 'web.default.svc.cluster.local';
  const OPT = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] };
  const withEdns = { additionals: [OPT] } as unknown as Partial<Packet>;
  for (let i = 0; i < 2; i++) {
    t.equal(decode(answer(ask(name, i))).additionals?.length, 0);
    t.equal(decode(answer(ask(name, i, withEdns))).additionals?.length, 1);
  }
});

t.test('a change of the Services is in the next answer', async (t) => {
  const { zone, answer } = responderOf();
  const name = 'web.default.svc.cluster.local';
  answer(ask(name, 1));
  zone.update(byKey({ ...web, spec: { ...web.spec, clusterIP: '10.48.0.6', clusterIPs: ['10.48.0.6'] } }));
  t.match(decode(answer(ask(name, 2))).answers, [{ data: '10.48.0.6' }]);
  zone.update(byKey());
  t.match(decode(answer(ask(name, 3))), { rcode: 'NXDOMAIN' });
  zone.update(byKey(web));
  t.match(
    decode(answer(ask(name, 4))).answers,
    [{ data: '10.48.0.5' }],
    'not what it was when it was not there',
  );
});

t.test('several addresses go on taking turns', async (t) => {
  const { answer } = responderOf();
  const answers = () => decode(answer(ask('db.default.svc.cluster.local', 1))).answers;
  t.notSame(answers(), answers());
});

t.test(
  'what others have answered is told again for a second, in which its life does not go down',
  async (t) => {
    const { clock, asked, answer } = responderOf();
    for (const id of [1, 2]) t.equal(answer(ask('www.example.com', id)).readUInt16BE(0), id);
    t.same(asked, [1], 'the second was not looked up');
    await clock.advance(1000);
    answer(ask('www.example.com', 3));
    t.same(asked, [1, 3]);
  },
);

t.test('over TCP every question is read', async (t) => {
  const { asked, answer } = responderOf();
  for (const id of [1, 2]) answer(ask('www.example.com', id), 'tcp');
  t.same(asked, [1, 2]);
});

t.test('a flood of names stays small', async (t) => {
  const known = new KnownAnswers();
  for (let i = 0; i < 5000; i++) known.put(ask(`n${i}.svc.cluster.local`, 1), Buffer.alloc(100));
  t.ok(known.size <= 500, `${known.size}`);
  known.put(ask(`${'x'.repeat(60)}.${'y'.repeat(60)}.cluster.local`, 1), Buffer.alloc(100));
  t.equal(
    known.get(ask(`${'x'.repeat(60)}.${'y'.repeat(60)}.cluster.local`, 1), 0),
    undefined,
    'nor are long ones kept',
  );
});
