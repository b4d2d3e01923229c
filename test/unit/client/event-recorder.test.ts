import t, { type Test } from 'tap';
import { events } from '../../../src/api/kinds/event.ts';
import { EventRecorder, type RecordedEvent } from '../../../src/client/event-recorder.ts';
import { makePod } from '../../support/make-pod.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';

const failed = (message: string, name = 'web'): RecordedEvent => ({
  object: makePod({ name }),
  type: 'Warning',
  reason: 'Failed',
  message,
  component: 'test',
  host: 'board',
  fieldPath: 'spec.containers{main}',
});

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  const recorder = new EventRecorder(cluster.options);
  await recorder.start();
  t.teardown(async () => {
    await recorder.stop();
    await cluster.stop();
  });
  const seen = async () => (await cluster.client.list(events, { namespace: 'default' })).items;
  return { cluster, recorder, seen };
}

t.test('an event says what happened to whom, when, and who says so', async (t) => {
  const { recorder, seen } = await setUp(t);
  recorder.record(failed('no image'));
  await recorder.idle();
  t.match(await seen(), [
    {
      metadata: { name: /^web\./, namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-web', fieldPath: 'spec.containers{main}' },
      type: 'Warning',
      reason: 'Failed',
      message: 'no image',
      source: { component: 'test', host: 'board' },
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    },
  ]);
});

t.test('the same again raises a count, another message is another event', async (t) => {
  const { cluster, recorder, seen } = await setUp(t);
  recorder.record(failed('no image'));
  await recorder.idle();
  await cluster.clock.advance(60_000);
  recorder.record(failed('no image'));
  recorder.record(failed('no image'));
  recorder.record(failed('no disk'));
  await recorder.idle();
  const counts = async () => (await seen()).map(({ message, count }) => `${message} ${count}`).sort();
  t.same(await counts(), ['no disk 1', 'no image 3']);
  t.match(
    (await seen()).find(({ message }) => message === 'no image'),
    {
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:01:00Z',
    },
  );
});

t.test('the tenth message of a reason begins an event that stands for all further ones', async (t) => {
  const { cluster, recorder, seen } = await setUp(t);
  for (let i = 1; i <= 12; i++) recorder.record(failed(`try ${i}`));
  await recorder.idle();
  const all = await seen();
  t.equal(all.length, 10);
  t.match(
    all.find(({ message }) => message?.startsWith('(combined')),
    { message: '(combined from similar events): try 12', count: 3, reason: 'Failed' },
  );
  await cluster.clock.advance(600_001);
  recorder.record(failed('try 13'));
  await recorder.idle();
  t.ok(
    (await seen()).some(({ message, count }) => message === 'try 13' && count === 1),
    'after ten quiet minutes each is told by itself again',
  );
});

t.test('a reason told without end keeps no other away, and what was left out is counted', async (t) => {
  const { cluster, recorder, seen } = await setUp(t);
  for (let i = 0; i < 40; i++) recorder.record(failed('no image'));
  recorder.record({ ...failed('all is well'), type: 'Normal', reason: 'SuccessfulRescale' });
  await recorder.idle();
  const counts = async () => (await seen()).map(({ reason, count }) => `${reason} ${count}`).sort();
  t.same(await counts(), ['Failed 25', 'SuccessfulRescale 1']);
  for (let i = 0; i < 5; i++) recorder.record(failed('no image'));
  await cluster.clock.advance(300_000);
  recorder.record(failed('no image'));
  await recorder.idle();
  t.same(await counts(), ['Failed 31', 'SuccessfulRescale 1']);
});

t.test('an event that was deleted meanwhile is made anew', async (t) => {
  const { cluster, recorder, seen } = await setUp(t);
  recorder.record(failed('no image'));
  await recorder.idle();
  const [first] = await seen();
  await cluster.client.delete(events as never, `default/${first?.metadata.name}`);
  recorder.record(failed('no image'));
  await recorder.idle();
  t.match(await seen(), [{ message: 'no image', count: 1 }]);
});

t.test('an event that cannot be written holds up no other, and recording never throws', async (t) => {
  const { recorder, seen } = await setUp(t);
  const lost = { ...failed('lost'), object: makePod({ name: 'web', namespace: 'nowhere' }) };
  recorder.record(lost);
  recorder.record(failed('kept'));
  await recorder.idle();
  t.same(
    (await seen()).map(({ message }) => message),
    ['kept'],
  );
});

t.test('one noisy object does not fill the cluster with events', async (t) => {
  const { recorder, seen } = await setUp(t);
  for (let i = 0; i < 100; i++) recorder.record(failed(`noise ${i}`));
  recorder.record(failed('quiet', 'other'));
  await recorder.idle();
  const messages = (await seen()).map(({ message }) => message);
  t.equal(messages.length, 11);
  t.ok(messages.includes('quiet'));
});

t.test('what waited elsewhere keeps its times and its count', async (t) => {
  const { cluster, recorder, seen } = await setUp(t);
  const minute = 60_000;
  recorder.record({ ...failed('no image'), count: 12, ago: { firstMs: 5 * minute, lastMs: minute } });
  await recorder.idle();
  t.match(await seen(), [
    { count: 12, firstTimestamp: '2025-12-31T23:55:00Z', lastTimestamp: '2025-12-31T23:59:00Z' },
  ]);
  await cluster.clock.advance(minute);
  recorder.record({ ...failed('no image'), count: 3, ago: { firstMs: 30_000, lastMs: 30_000 } });
  await recorder.idle();
  t.match(await seen(), [
    { count: 15, firstTimestamp: '2025-12-31T23:55:00Z', lastTimestamp: '2026-01-01T00:00:30Z' },
  ]);
});
