import t from 'tap';
import { readMetrics } from '../../../src/gateway/board-messages.ts';
import { BoardMetrics } from '../../../src/gateway/board-metrics.ts';
import { PASSING } from '../../../src/mqtt/message-bus.ts';
import type { Heartbeat } from '../../../src/mqtt/messages.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';

const beat = { cpu: { cores: 4, usedCores: 0.3 }, memory: { totalBytes: 9, usedBytes: 5 } } as Heartbeat;
const pod = { uid: 'u', windowMs: 60_000, containers: { main: { cpuNanocores: 7, workingSetBytes: 8 } } };

t.test('reports count for 50 s, then beats stand in for the board, then nothing is known', async (t) => {
  const clock = new FakeClock();
  const metrics = new BoardMetrics(clock);
  metrics.beat('pi', beat);
  t.match([...metrics.nodes()], [{ node: 'pi', cpuNanocores: 300_000_000, workingSetBytes: 5 }]);
  const node = { cpuNanocores: 1, workingSetBytes: 2, windowMs: 60_000 };
  metrics.report('pi', { session: 's', time: '', node, pods: { 'default/web': pod } });
  t.match([...metrics.nodes()], [{ cpuNanocores: 1, atMs: clock.now() }]);
  t.match([...metrics.pods()], [{ key: 'default/web', uid: 'u', containers: pod.containers }]);
  await clock.advance(51_000);
  t.same([...metrics.nodes(), ...metrics.pods()], []);
  metrics.beat('pi', beat);
  t.equal([...metrics.nodes()].length, 1);
  metrics.forget('pi');
  t.same([...metrics.nodes()], []);
});

t.test('of a message with nonsense in it what makes sense counts', (t) => {
  const pods = { good: pod, bad: 7, worse: { uid: 'u', containers: { a: { cpuNanocores: -1 } } } };
  t.same(readMetrics({ session: 's', time: 't', pods: { ...pods }, node: 'x' }), {
    session: 's',
    time: 't',
    node: undefined,
    pods: { good: pod, worse: { uid: 'u', windowMs: 0, containers: { a: {} } } },
  });
  t.equal(readMetrics({ session: 's' }), undefined);
  t.equal(readMetrics(undefined), undefined);
  t.end();
});

t.test('only the session that a board speaks in counts', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const say = (session: string) =>
    lab.bus.publish(topics.metrics('pi'), { session, time: '', pods: { 'default/web': pod } }, PASSING);
  say('another');
  t.same([...lab.gateway.metrics.pods()], []);
  say('s1');
  t.match([...lab.gateway.metrics.pods()], [{ key: 'default/web' }]);
});
