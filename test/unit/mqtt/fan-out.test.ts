import type { AedesPublishPacket } from 'aedes';
import fc from 'fast-check';
import t from 'tap';
import { type Deliver, FanOut } from '../../../src/mqtt/fan-out.ts';
import { filterMatches } from '../../support/topic-filter.ts';

const packet = (topic: string) => ({ topic, brokerCounter: 0 }) as AedesPublishPacket;

t.test('every listener whose filter matches is called once, removed ones not at all', async (t) => {
  const level = fc.constantFrom('a', 'b', '');
  const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
  const filter = fc
    .array(fc.constantFrom('a', 'b', '+', ''), { maxLength: 3 })
    .map((l) => [...l, '#'].join('/'));
  fc.assert(
    fc.property(fc.array(fc.oneof(topic, filter)), fc.nat(20), topic, (filters, removed, name) => {
      const fanOut = new FanOut();
      const heard: number[] = [];
      const listeners: Deliver[] = filters.map((_, n) => () => void heard.push(n));
      const nobody: Deliver = () => t.fail('not asked for');
      filters.forEach((wanted, n) => {
        fanOut.on(wanted, listeners[n] ?? nobody);
      });
      const gone = filters[removed];
      if (gone !== undefined) fanOut.removeListener(gone, listeners[removed] ?? nobody);
      fanOut.emit(packet(name));
      const wanted = filters.flatMap((f, n) => (n !== removed && filterMatches(f, name) ? [n] : []));
      t.same(heard.sort(), wanted.sort());
    }),
  );
});

t.test(
  'packets are numbered in the order in which they are sent, whatever number they came with',
  async (t) => {
    const fanOut = new FanOut();
    const numbers: number[] = [];
    fanOut.on('#', ({ brokerCounter }) => numbers.push(brokerCounter));
    fanOut.emit({ ...packet('a'), brokerCounter: 9 });
    fanOut.emit({ ...packet('b'), brokerCounter: 3 });
    t.same(numbers, [1, 2]);
  },
);

t.test('a publisher is told at once, though a listener never says that it is done', async (t) => {
  const fanOut = new FanOut();
  fanOut.on('a', () => {});
  await new Promise<void>((resolve) => fanOut.emit(packet('a'), resolve));
  t.pass('told');
});
