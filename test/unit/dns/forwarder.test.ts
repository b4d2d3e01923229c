import { type Answer, decode, encode } from 'dns-packet';
import t from 'tap';
import { AnswerCache } from '../../../src/dns/answer-cache.ts';
import { Forwarder } from '../../../src/dns/forwarder.ts';
import type { Upstream } from '../../../src/dns/upstream-exchange.ts';
import { rcodeOf, rcodes } from '../../../src/dns/wire.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const first: Upstream = { address: '192.0.2.1', port: 53 };
const second: Upstream = { address: '192.0.2.2', port: 53 };
const query = (name: string, id = 1) =>
  encode({ type: 'query', id, flags: 0x100, questions: [{ type: 'A', name }] });
const reply = (asked: Buffer, answers: Answer[], rcode = 0, authorities: Answer[] = []) => {
  const { id = 0, questions = [] } = decode(asked);
  return encode({ type: 'response', id, flags: 0x8180 | rcode, questions, answers, authorities });
};
const a = (name: string, ttl: number, data = '203.0.113.7'): Answer => ({ type: 'A', name, ttl, data });

type Behaviour = (asked: Buffer, upstream: Upstream) => Promise<Buffer>;

function world(behave: Behaviour, upstreams = [first, second]) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const exchange = (message: Buffer, upstream: Upstream) => {
    asked.push(upstream.address);
    return behave(message, upstream);
  };
  const cache = new AnswerCache(clock, 3);
  const forwarder = new Forwarder({ upstreams: async () => upstreams, exchange, cache, clock });
  return { clock, asked, cache, forwarder };
}

const ttlOf = (message: Buffer) => decode(message).answers?.map((answer) => 'ttl' in answer && answer.ttl);

t.test('an answer is remembered for its life, and its life shrinks meanwhile', async (t) => {
  const { clock, asked, forwarder } = world(async (q) => reply(q, [a('x.example', 60)]));
  await forwarder.answer(query('x.example'), 'udp');
  await clock.advance(20_000);
  const later = await forwarder.answer(query('X.Example', 77), 'udp');
  t.equal(asked.length, 1);
  t.match(decode(later), { id: 77, questions: [{ name: 'X.Example' }] }, 'id and spelling are the asker’s');
  t.same(ttlOf(later), [40]);
  await clock.advance(41_000);
  await forwarder.answer(query('x.example'), 'udp');
  t.equal(asked.length, 2);
});

t.test('that a name does not exist is remembered as long as its zone says', async (t) => {
  const soa: Answer = {
    type: 'SOA',
    name: 'example',
    ttl: 900,
    data: { mname: 'm', rname: 'r', minimum: 30 },
  };
  const { clock, asked, forwarder } = world(async (q) => reply(q, [], 3, [soa]));
  for (const wait of [0, 29_000, 2_000]) {
    await clock.advance(wait);
    t.equal(rcodeOf(await forwarder.answer(query('no.example'), 'udp')), rcodes.NXDOMAIN);
  }
  t.equal(asked.length, 2);
});

t.test(
  'a silent or failing server is passed over, and the one that answered is asked first next time',
  async (t) => {
    const { asked, forwarder } = world(async (q, { address }) => {
      if (address === first.address) throw new Error('silent');
      return reply(q, [a('x', 0)]);
    });
    await forwarder.answer(query('x'), 'udp');
    await forwarder.answer(query('x'), 'udp');
    t.same(asked, [first.address, second.address, second.address]);
    const failing = world(async (q, { address }) => reply(q, [a('x', 1)], address === first.address ? 2 : 0));
    t.equal(rcodeOf(await failing.forwarder.answer(query('x'), 'udp')), rcodes.NOERROR);
  },
);

t.test('with nobody in reach the last answer is told for an hour, then SERVFAIL', async (t) => {
  let isUp = true;
  const { clock, forwarder } = world(async (q) => {
    if (!isUp) throw new Error('unreachable');
    return reply(q, [a('x.example', 60)]);
  });
  await forwarder.answer(query('x.example'), 'udp');
  isUp = false;
  await clock.advance(600_000);
  const stale = await forwarder.answer(query('x.example'), 'udp');
  t.equal(rcodeOf(stale), rcodes.NOERROR);
  t.ok((ttlOf(stale)?.[0] as number) <= 30, 'and not for long');
  await clock.advance(3_600_000);
  t.equal(rcodeOf(await forwarder.answer(query('x.example'), 'udp')), rcodes.SERVFAIL);
  t.equal(rcodeOf(await forwarder.answer(query('y.example'), 'udp')), rcodes.SERVFAIL);
});

t.test(
  'silent servers are waited for once in ten seconds, and forgiven with their first answer',
  async (t) => {
    let isUp = true;
    const { clock, asked, forwarder } = world(
      async (q) => {
        if (!isUp) throw new Error('unreachable');
        return reply(q, [a('x', 60)]);
      },
      [first],
    );
    for (const name of ['x.example', 'y.example']) await forwarder.answer(query(name), 'udp');
    isUp = false;
    await clock.advance(600_000);
    const tries = async (name: string) => {
      const before = asked.length;
      t.equal(rcodeOf(await forwarder.answer(query(name), 'udp')), rcodes.NOERROR);
      return asked.length - before;
    };
    t.equal(await tries('x.example'), 1);
    t.equal(await tries('y.example'), 0, 'the last answer is told at once');
    t.equal(rcodeOf(await forwarder.answer(query('new.example'), 'udp')), rcodes.SERVFAIL);
    t.equal(asked.length, 4, 'what was never heard is asked for all the same');
    isUp = true;
    await forwarder.answer(query('new.example'), 'udp');
    t.equal(await tries('x.example'), 1, 'and then the others again');
  },
);

t.test('many who ask the same at once cost one question', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const { asked, forwarder } = world(() => promise);
  const all = [1, 2, 3].map((id) => forwarder.answer(query('x', id), 'udp'));
  resolve(reply(query('x'), [a('x', 5)]));
  t.same(
    (await Promise.all(all)).map((m) => decode(m).id),
    [1, 2, 3],
  );
  t.equal(asked.length, 1);
});

t.test('a board without a server of its own says so', async (t) => {
  const { forwarder } = world(async (q) => reply(q, []), []);
  t.equal(rcodeOf(await forwarder.answer(query('x'), 'udp')), rcodes.SERVFAIL);
});

t.test('memory is bounded, and what is cut or damaged is not kept', async (t) => {
  const { cache, forwarder } = world(async (q) => reply(q, [a('x', 60)]));
  for (let i = 0; i < 10; i++) await forwarder.answer(query(`x${i}`), 'udp');
  t.equal(cache.size, 3);
  const cut = world(async (q) => {
    const response = reply(q, [a('x', 60)]);
    response.writeUInt16BE(response.readUInt16BE(2) | 0x0200, 2);
    return response;
  });
  await cut.forwarder.answer(query('x'), 'udp');
  t.equal(cut.cache.size, 0);
  const damaged = world(async (q) => reply(q, [a('x', 60)]).subarray(0, -3));
  t.ok(await damaged.forwarder.answer(query('x'), 'udp'));
  t.equal(damaged.cache.size, 0);
});

t.test('clients that send a cookie of their own each time share one answer', async (t) => {
  const heard: Buffer[] = [];
  const { asked, forwarder } = world(async (q) => {
    heard.push(q);
    return reply(q, [a('x.example', 60)]);
  });
  const withCookie = (cookie: string, flag_do = false) =>
    encode({
      type: 'query',
      id: 5,
      flags: 0x120,
      questions: [{ type: 'A', name: 'x.example' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: flag_do ? 0x8000 : 0,
          flag_do,
          options: [{ code: 10, data: Buffer.from(cookie) } as never],
        },
      ],
    });
  for (const cookie of ['12345678', 'abcdefgh'])
    t.same(ttlOf(await forwarder.answer(withCookie(cookie), 'udp')), [60]);
  t.equal(asked.length, 1);
  t.match(decode(heard[0] as Buffer), {
    questions: [{ name: 'x.example' }],
    additionals: [{ type: 'OPT', udpPayloadSize: 1232, flag_do: false, options: [] }],
  });
  await forwarder.answer(withCookie('12345678', true), 'udp');
  t.equal(asked.length, 2, 'who wants signatures gets another answer');
  t.match(decode(heard[1] as Buffer), { additionals: [{ flag_do: true }] });
});
