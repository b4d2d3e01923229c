import fc from 'fast-check';
import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { ObservedPublisher } from '../../../src/mqtt/observed-publisher.ts';
import { levelsOf, topics } from '../../../src/mqtt/topics.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { MemorySession } from '../../support/memory-session.ts';

function start(sessionId?: string) {
  const bus = new MemorySession();
  bus.sessionId = sessionId;
  const clock = new FakeClock();
  const publisher = new ObservedPublisher({ node: 'pi', bus, clock, logger: silentLogger });
  const report = (key: string, phase: string) =>
    publisher.report({ key, uid: `uid-${key}`, status: { phase }, terminated: false });
  return { bus, clock, publisher, report };
}

/** What a broker would retain of all that it got. */
function retained(bus: MemorySession): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const { topic, message } of bus.acknowledged) {
    if (message) kept[topic] = message;
    else delete kept[topic];
  }
  return kept;
}

t.test('reports of one moment are one message a pod, and the index follows them', async (t) => {
  const { bus, clock, report } = start('s1');
  report('d/a', 'Pending');
  report('d/b', 'Pending');
  report('d/a', 'Running');
  await clock.advance(10);
  t.same(
    bus.waiting.map(({ topic }) => topic),
    [topics.observedPod('pi', 'd/a'), topics.observedPod('pi', 'd/b'), topics.observedIndex('pi')],
  );
  t.match(bus.waiting[0]?.message, {
    session: 's1',
    uid: 'uid-d/a',
    status: { phase: 'Running' },
    terminated: false,
  });
  bus.acknowledge();
  await settle();
  report('d/a', 'Running');
  await clock.advance(10);
  t.same(bus.waiting, [], 'what is said already is not said again');
});

t.test('while the link is slow only the latest of a pod waits', async (t) => {
  const { bus, clock, report } = start('s1');
  report('d/a', 'Pending');
  await clock.advance(10);
  for (const phase of ['Running', 'Failed', 'Succeeded']) {
    report('d/a', phase);
    await clock.advance(10);
  }
  t.equal(bus.waiting.length, 2, 'the first and the index');
  bus.acknowledge();
  await settle();
  await clock.advance(20);
  t.match(
    bus.waiting.map(({ message }) => message.status.phase),
    ['Succeeded'],
  );
});

t.test(
  'whatever happens to sessions, the next one ends with what was reported last, and nothing else',
  async (t) => {
    const step = fc.record({
      op: fc.constantFrom('report', 'report', 'forget', 'acknowledge', 'lose', 'open', 'wait'),
      key: fc.constantFrom('d/a', 'd/b', 'd/c'),
      n: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { bus, clock, publisher, report } = start();
        const wanted = new Map<string, string>();
        let sessions = 0;
        const open = () => {
          bus.lose();
          bus.sessionId = `s${++sessions}`;
          publisher.beginSession();
        };
        for (const { op, key, n } of steps) {
          if (op === 'report') {
            wanted.set(key, `phase-${n}`);
            report(key, `phase-${n}`);
          } else if (op === 'forget') {
            wanted.delete(key);
            publisher.forget(key);
          } else if (op === 'acknowledge') bus.acknowledge(n);
          else if (op === 'lose') bus.lose();
          else if (op === 'open') open();
          else await clock.advance(10);
        }
        open();
        for (let turn = 0; turn < 6; turn += 1) {
          bus.acknowledge();
          await clock.advance(20);
        }
        const kept = retained(bus);
        const index = kept[topics.observedIndex('pi')] as { session: string; pods: object };
        t.equal(index.session, bus.sessionId);
        t.same(Object.keys(index.pods).sort(), [...wanted.keys()].sort());
        for (const [key, phase] of wanted) {
          t.match(kept[topics.observedPod('pi', key)], { session: bus.sessionId, status: { phase } });
        }
        const current = Object.entries(kept).filter(
          ([, m]) => (m as { session: string }).session === bus.sessionId,
        );
        t.equal(current.filter(([topic]) => levelsOf(topic)?.[3] === 'pods').length, wanted.size);
      }),
      { numRuns: 200 },
    );
  },
);
