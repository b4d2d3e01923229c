import t from 'tap';
import { VersionedTopics } from '../../../src/gateway/versioned-topics.ts';
import { MemoryBus } from '../../support/memory-bus.ts';

const topic = 'edge/v1/services/index';

t.test(
  'the same content is sent once; a new one has a higher revision, whatever the store says',
  async (t) => {
    const bus = new MemoryBus();
    const topics = new VersionedTopics(bus, 'e');
    const put = (revision: number, n: number) => topics.put(topic, { revision, content: () => ({ n }) });
    t.equal(put(10, 1), 10);
    t.equal(put(12, 1), 10, 'unchanged');
    t.equal(put(10, 2), 11, 'changed at the same revision of the store');
    t.equal(put(30, 3), 30);
    t.equal(bus.log.length, 3);
    t.same(bus.at(topic), { epoch: 'e', revision: 30, n: 3 });
  },
);

t.test('content whose source is known is not made again', async (t) => {
  const topics = new VersionedTopics(new MemoryBus(), 'e');
  let made = 0;
  const content = () => ({ made: ++made });
  for (let n = 0; n < 3; n += 1) topics.put(topic, { revision: 1, source: 'uid 7', content });
  t.equal(made, 1);
  topics.put(topic, { revision: 1, source: 'uid 8', content });
  t.equal(made, 2);
});

t.test(
  'a topic that comes back is newer than it was when it went, and going twice is going once',
  async (t) => {
    const bus = new MemoryBus();
    const topics = new VersionedTopics(bus, 'e');
    topics.put(topic, { revision: 10, content: () => ({ n: 1 }) });
    topics.remove(topic);
    topics.remove(topic);
    t.equal(bus.log.length, 2);
    t.ok(topics.put(topic, { revision: 3, content: () => ({ n: 1 }) }) > 10);
  },
);
