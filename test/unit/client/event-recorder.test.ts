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

t.test(
  'the same again raises a count; another message, or ten quiet minutes, is another event',
  async (t) => {
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
    await cluster.clock.advance(600_000);
    recorder.record(failed('no image'));
    await recorder.idle();
    t.same(await counts(), ['no disk 1', 'no image 1', 'no image 3']);
  },
);

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
  t.equal(messages.length, 26);
  t.ok(messages.includes('quiet'));
});
