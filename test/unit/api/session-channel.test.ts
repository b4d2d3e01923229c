// Channels of a session in memory: the window, half-close, and what a reader that stops costs.
import t from 'tap';
import { CHANNEL_WINDOW_BYTES, MAX_FRAME_BYTES } from '../../../src/api/session.ts';
import { type ChannelLink, SessionChannel } from '../../../src/api/session-channel.ts';

/** Records what a channel sends. */
function recorder() {
  const frames: (number | 'end')[] = [];
  const credits: number[] = [];
  const resets: unknown[] = [];
  const link: ChannelLink = {
    sendBytes: (_channel, bytes, done) => {
      frames.push(bytes ? bytes.length : 'end');
      done();
    },
    sendCredit: (_channel, bytes) => credits.push(bytes),
    closed: (_channel, reset) => resets.push(reset),
  };
  return { link, frames, credits, resets, channel: new SessionChannel(1, link) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const sum = (frames: (number | 'end')[]) => frames.reduce<number>((all, f) => all + (f === 'end' ? 0 : f), 0);

t.test('a writer sends no more than the window until the reader gives credit', async (t) => {
  const { channel, frames } = recorder();
  channel.write(Buffer.alloc(CHANNEL_WINDOW_BYTES + 100_000));
  channel.end();
  await settled();
  t.equal(sum(frames), CHANNEL_WINDOW_BYTES);
  t.ok(frames.every((frame) => frame === 'end' || frame <= MAX_FRAME_BYTES));
  channel.credit(60_000);
  channel.credit(Number.NaN);
  channel.credit(-1);
  await settled();
  t.equal(sum(frames), CHANNEL_WINDOW_BYTES + 60_000);
  channel.credit(60_000);
  await settled();
  t.equal(sum(frames), CHANNEL_WINDOW_BYTES + 100_000);
  t.equal(frames.at(-1), 'end');
});

t.test('credit is given for what is read, not for what has come', async (t) => {
  const { channel, credits } = recorder();
  for (let i = 0; i < 4; i++) t.ok(channel.receive(Buffer.alloc(MAX_FRAME_BYTES)));
  await settled();
  t.ok(sum(credits) < CHANNEL_WINDOW_BYTES / 2, 'nobody reads yet');
  channel.resume();
  await settled();
  t.equal(sum(credits), CHANNEL_WINDOW_BYTES);
});

t.test('who sends more than the window is found out', async (t) => {
  const { channel } = recorder();
  let taken = 0;
  while (taken < 100 && channel.receive(Buffer.alloc(MAX_FRAME_BYTES))) taken++;
  t.ok(taken <= CHANNEL_WINDOW_BYTES / MAX_FRAME_BYTES + 2, `${taken} frames were taken`);
});

t.test('each direction ends by itself, and both ends are no reset', async (t) => {
  const { channel, frames, resets } = recorder();
  let text = '';
  channel.on('data', (chunk) => {
    text += chunk;
  });
  channel.receive(Buffer.from('last words'));
  channel.receive(Buffer.alloc(0));
  await settled();
  t.equal(text, 'last words');
  t.ok(channel.writable);
  channel.end('answer');
  await settled();
  t.same(frames, [6, 'end']);
  await settled();
  t.same(resets, [undefined]);
});

t.test('leaving early tells the other end why, and its leaving is told to nobody', async (t) => {
  const mine = recorder();
  mine.channel.on('error', () => undefined);
  mine.channel.destroy(new Error('refused'));
  await settled();
  t.same(mine.resets, [{ message: 'refused' }]);
  const theirs = recorder();
  const seen = new Promise<Error>((resolve) => theirs.channel.once('error', resolve));
  theirs.channel.reset('refused');
  t.equal((await seen).message, 'refused');
  t.same(theirs.resets, [undefined]);
});

t.test('a socket that closes leaves what has come whole to be read', async (t) => {
  const whole = recorder();
  whole.channel.receive(Buffer.from('all of it'));
  whole.channel.receive(Buffer.alloc(0));
  whole.channel.cut();
  let text = '';
  for await (const chunk of whole.channel) text += chunk;
  t.equal(text, 'all of it');
  const half = recorder();
  half.channel.receive(Buffer.from('half'));
  half.channel.cut();
  await t.rejects(async () => {
    for await (const _ of half.channel);
  }, /ended/);
});
