import t from 'tap';
import { type Flow, UdpFlows } from '../../../src/proxy/udp-flows.ts';

interface TestFlow extends Flow {
  isOver: boolean;
}
function flow(bornMs: number, endpoint = 'a:53'): TestFlow {
  return {
    endpoint,
    bornMs,
    lastMs: bornMs,
    hasAnswer: false,
    isOver: false,
    end() {
      this.isOver = true;
    },
  };
}

t.test('a question without an answer is forgotten after 30 s, a stream after two minutes', async (t) => {
  const flows = new UdpFlows<TestFlow>();
  const [question, stream] = [flow(0), flow(0)];
  flows.add('q', question);
  flows.add('s', stream);
  stream.hasAnswer = true;
  flows.find('s', 3_000);
  flows.endIdle(29_999);
  t.notOk(question.isOver);
  flows.endIdle(30_000);
  t.same([question.isOver, stream.isOver], [true, false]);
  flows.endIdle(123_000);
  t.ok(stream.isOver);
  t.equal(flows.size, 0);
});

t.test('a flood finds no room among flows that live, and takes that of quiet ones', async (t) => {
  const flows = new UdpFlows<TestFlow>();
  for (let i = 0; i < 1024; i++) flows.add(`c${i}`, flow(0));
  t.notOk(flows.hasRoom(1_999));
  flows.find('c0', 1_999);
  t.ok(flows.hasRoom(2_000));
  t.equal(flows.size, 1023);
  t.ok(flows.find('c0', 2_000), 'the one that spoke last is not the one to go');
  t.equal(flows.find('c1', 2_000), undefined);
});

t.test('flows end with their endpoint', async (t) => {
  const flows = new UdpFlows<TestFlow>();
  const [one, other] = [flow(0, 'a:53'), flow(0, 'b:53')];
  flows.add('1', one);
  flows.add('2', other);
  flows.endTo((endpoint) => endpoint === 'a:53');
  t.same([one.isOver, other.isOver], [true, false]);
});
