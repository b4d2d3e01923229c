import t from 'tap';
import { configMaps } from '../../../../src/api/kinds/config-map.ts';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { KindDefinition } from '../../../../src/api/scheme.ts';
import { Selection } from '../../../../src/apiserver/registry/selection.ts';
import { WatchStream } from '../../../../src/apiserver/registry/watch-stream.ts';
import type { StoreEvent } from '../../../../src/store/store.ts';

const kind = configMaps as unknown as KindDefinition;
const object = (revision: number, labels = {}): KubeObject =>
  ({ kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: String(revision), labels } }) as KubeObject;
const event = (type: StoreEvent['type'], revision: number, labels = {}, before?: object): StoreEvent => ({
  type,
  key: 'a',
  revision,
  value: object(revision, labels),
  previous: before ? object(revision - 1, before) : undefined,
});

function opened(labelSelector = '') {
  let push: (events: readonly StoreEvent[]) => void = () => {};
  let subscribed = true;
  const stream = new WatchStream(new Selection(kind, { labelSelector }), []).open((onEvents) => {
    push = onEvents;
    return () => {
      subscribed = false;
    };
  });
  return { stream, push: (...events: StoreEvent[]) => push(events), isSubscribed: () => subscribed };
}

t.test('enter is ADDED, leave is DELETED with the new revision, the rest is not seen', async (t) => {
  const { stream, push } = opened('in=yes');
  const yes = { in: 'yes' };
  push(
    event('ADDED', 1),
    event('MODIFIED', 2, yes, {}),
    event('MODIFIED', 3, yes, yes),
    event('MODIFIED', 4, {}, yes),
  );
  push(event('MODIFIED', 5, yes, {}), event('DELETED', 6, yes, yes), event('DELETED', 7, {}, {}));
  const batch = await stream.next();
  t.same(
    batch?.map(({ type, object }) => `${type} ${object.metadata.resourceVersion}`),
    ['ADDED 2', 'MODIFIED 3', 'DELETED 4', 'ADDED 5', 'DELETED 6'],
  );
});

t.test('a waiting reader is woken by events and by the end', async (t) => {
  const { stream, push, isSubscribed } = opened();
  const waiting = stream.next();
  push(event('ADDED', 1));
  t.equal((await waiting)?.length, 1);
  const last = stream.next();
  stream.close();
  t.equal(await last, undefined);
  t.equal(isSubscribed(), false);
});

t.test('a watcher that falls ten thousand events behind is ended with Expired', async (t) => {
  const { stream, push, isSubscribed } = opened();
  for (let revision = 1; revision <= 10_001; revision++) push(event('ADDED', revision));
  await t.rejects(stream.next(), { reason: 'Expired', code: 410 });
  t.equal(isSubscribed(), false, 'and takes no more memory');
});
