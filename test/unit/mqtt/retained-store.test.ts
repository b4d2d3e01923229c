import type { AedesPublishPacket } from 'aedes';
import t from 'tap';
import { RetainedStore } from '../../../src/mqtt/retained-store.ts';

const packet = (payload: Buffer | string): AedesPublishPacket => ({
  ...{ cmd: 'publish', topic: 'edge/v1/a', retain: true, qos: 1, dup: false },
  ...{ payload, brokerId: 'b', brokerCounter: 1 },
});

t.test('a retained payload keeps no more memory alive than its own', async (t) => {
  const store = new RetainedStore();
  const read = Buffer.alloc(64 * 1024, 'x');
  await store.storeRetained(packet(read.subarray(100, 110)));
  const kept = store.get('edge/v1/a')?.payload as Buffer;
  t.equal(kept.toString(), 'x'.repeat(10));
  t.equal(kept.buffer.byteLength, 10);
});

t.test('text stays as it is, and an empty payload takes the topic away', async (t) => {
  const store = new RetainedStore();
  await store.storeRetained(packet('text'));
  t.equal(store.get('edge/v1/a')?.payload, 'text');
  await store.storeRetained(packet(Buffer.alloc(0)));
  t.equal(store.size, 0);
});
