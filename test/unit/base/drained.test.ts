// Waiting for a reader that is behind: on real streams of Node.
import { PassThrough } from 'node:stream';
import t from 'tap';
import { drained } from '../../../src/base/drained.ts';

const LISTENED = ['drain', 'close', 'error'];
const listeners = (stream: PassThrough) => LISTENED.map((name) => stream.listenerCount(name));

const full = () => {
  const stream = new PassThrough({ highWaterMark: 1 });
  while (stream.write('much')) {}
  return stream;
};

t.test('who waits goes on when the reader has caught up, and leaves no listener behind', async (t) => {
  const stream = full();
  const before = listeners(stream);
  const isDrained = drained(stream);
  stream.resume();
  await isDrained;
  t.equal(stream.writableNeedDrain, false);
  t.same(listeners(stream), before);
});

t.test('who waits goes on when the stream ends, also before the waiting began', async (t) => {
  const stream = full();
  const before = listeners(stream);
  const isDrained = drained(stream);
  stream.destroy();
  await isDrained;
  await drained(stream);
  t.same(listeners(stream), before);
});
