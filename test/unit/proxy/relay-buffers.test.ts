import t from 'tap';
import { RelayBuffers } from '../../../src/proxy/relay-buffers.ts';

t.test('a copy that is still to be sent stays as it is while others are copied', async (t) => {
  const buffers = new RelayBuffers();
  const kept = [];
  for (let i = 0; i < 40; i++) {
    buffers.shared.fill(i);
    const copy = buffers.copyShared(i % 2 === 0 ? buffers.shared.length : 100);
    buffers.keepCopy(copy);
    kept.push(copy);
  }
  t.ok(kept.every((copy, i) => copy.every((byte) => byte === i)));
});

t.test('copies that went out at once share their place', async (t) => {
  const buffers = new RelayBuffers();
  const [one, two] = [buffers.copyShared(100), buffers.copyShared(100)];
  t.equal(one.byteOffset, two.byteOffset);
  t.equal(one.buffer, two.buffer);
});

t.test('only so many large buffers are lent, and one that comes back is lent again', async (t) => {
  const buffers = new RelayBuffers();
  const lent: Uint8Array[] = [];
  for (let next = buffers.borrow(); next; next = buffers.borrow()) lent.push(next);
  t.equal(lent.length, 64);
  const bytes = lent.reduce((sum, { length }) => sum + length, 0);
  t.equal(bytes, 16 << 20);
  const [first] = lent;
  if (!first) throw new Error('none was lent');
  buffers.giveBack(first);
  t.equal(buffers.borrow(), first);
  t.equal(buffers.borrow(), undefined);
});
