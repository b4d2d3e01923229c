import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import t from 'tap';
import { Backlog } from '../../../src/mqtt/backlog.ts';
import { PacketLimit } from '../../../src/mqtt/packet-limit.ts';

const publish = (bytes: number) =>
  generate({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(bytes), qos: 0, retain: false, dup: false });

t.test('packets up to the limit pass and a larger one does not, however the stream is cut', async (t) => {
  const limit = 1000;
  fc.assert(
    fc.property(fc.array(fc.nat(1300), { maxLength: 8 }), fc.integer({ min: 1, max: 700 }), (sizes, cut) => {
      const packets = sizes.map(publish);
      const stream = Buffer.concat(packets);
      // Topic `a` and its length are three bytes of the remaining length.
      const isFine = sizes.every((size) => size + 3 <= limit);
      const meter = new PacketLimit(limit);
      let accepted = true;
      for (let at = 0; at < stream.length && accepted; at += cut)
        accepted = meter.accepts(stream.subarray(at, at + cut));
      t.equal(accepted, isFine);
    }),
  );
});

t.test('a length that never ends is refused', async (t) => {
  t.notOk(
    new PacketLimit(Number.MAX_SAFE_INTEGER).accepts(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x80])),
  );
});

t.test('a backlog is too long above its limit for its time, or at once when far too long', async (t) => {
  const backlog = new Backlog({ allowedBytes: 100, allowedMs: 500, maxBytes: 1000 });
  t.notOk(backlog.isTooLong(100, 0));
  t.notOk(backlog.isTooLong(101, 10_000), 'a quiet client that gets a burst');
  t.notOk(backlog.isTooLong(900, 10_500));
  t.notOk(backlog.isTooLong(50, 10_501), 'it has read');
  t.notOk(backlog.isTooLong(101, 20_000));
  t.ok(backlog.isTooLong(101, 20_501));
  t.ok(new Backlog({ allowedBytes: 100, allowedMs: 500, maxBytes: 1000 }).isTooLong(1001, 0));
});
