import t from 'tap';
import { run } from './run.ts';

const pods = '/api/v1/namespaces/default/pods';
const rc = 'DELETE /api/v1/namespaces/default/replicationcontrollers/web';
const body = (ran: Awaited<ReturnType<typeof run>>) =>
  ran.api.requests.find((r) => r.method === 'DELETE')?.body;

t.test('a deleted controller takes its pods along, unless asked not to', async (t) => {
  const answers = { [rc]: { kind: 'Status', details: { uid: '1' } } };
  const plain = await run(['delete', 'rc', 'web', '--wait=false'], answers);
  t.equal(plain.out, 'replicationcontroller "web" deleted\n');
  t.match(body(plain), { kind: 'DeleteOptions', propagationPolicy: 'Background' });
  t.match(body(await run(['delete', 'rc/web', '--cascade=orphan', '--no-wait'], answers)), {
    propagationPolicy: 'Orphan',
  });
  t.match(body(await run(['delete', 'rc/web', '--cascade', 'foreground', '--wait=false'], answers)), {
    propagationPolicy: 'Foreground',
  });
  t.equal((await run(['delete', 'rc/web', '--cascade=x'], answers)).exitCode, 1);
});

t.test('grace, force and now become the grace period', async (t) => {
  const answers = { [`DELETE ${pods}/a`]: {} };
  const grace = async (...flags: string[]) =>
    body(await run(['delete', 'pod', 'a', '--wait=false', ...flags], answers));
  t.notOk('gracePeriodSeconds' in ((await grace()) as object));
  t.match(await grace('--grace-period=7'), { gracePeriodSeconds: 7 });
  t.match(await grace('--now'), { gracePeriodSeconds: 1 });
  t.match(await grace('--grace-period=0'), { gracePeriodSeconds: 1 });
  t.match(await grace('--force'), { gracePeriodSeconds: 0 });
  t.match(await grace('--force', '--grace-period=0'), { gracePeriodSeconds: 0 });
  t.match((await run(['delete', 'pod', 'a', '--force'], answers)).err, /^Warning: /);
});

const page = (uid?: string) => ({
  metadata: { resourceVersion: '5' },
  items: uid ? [{ metadata: { name: 'a', uid } }] : [],
});
const list = `GET ${pods}?fieldSelector=metadata.name%3Da&limit=500`;
const watch = `GET ${pods}?fieldSelector=metadata.name%3Da&resourceVersion=5&watch=true`;
const removal = { [`DELETE ${pods}/a`]: { metadata: { name: 'a', uid: 'old' } } };

t.test('delete returns when the object is gone', async (t) => {
  const event = `${JSON.stringify({ type: 'DELETED', object: { metadata: { name: 'a', uid: 'old' } } })}\n`;
  const waited = await run(['delete', 'pod', 'a'], { ...removal, [list]: page('old'), [watch]: event });
  t.equal(waited.exitCode, 0);
  t.equal(waited.api.asked.at(-1), watch);
  const gone = await run(['delete', 'pod', 'a'], { ...removal, [list]: page() });
  t.equal(gone.api.asked.at(-1), list);
  const replaced = await run(['delete', 'pod', 'a'], { ...removal, [list]: page('new') });
  t.equal(replaced.api.asked.at(-1), list, 'another object of the same name does not count');
});

t.test('a selector or --all deletes what the list shows', async (t) => {
  const { out } = await run(['delete', 'pods', '-l', 'app=web', '--wait=false'], {
    [`GET ${pods}?labelSelector=app%3Dweb&limit=500`]: {
      items: [{ metadata: { name: 'a', namespace: 'default' } }],
    },
    ...removal,
  });
  t.equal(out, 'pod "a" deleted\n');
  const none = await run(['delete', 'pods', '--all'], { [`GET ${pods}?limit=500`]: { items: [] } });
  t.same([none.err, none.exitCode], ['No resources found\n', 0]);
});

t.test('a file names what to delete, and what is not there is told', async (t) => {
  const input =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n';
  const { out, err, exitCode } = await run(['delete', '-f', '-', '--wait=false'], removal, input);
  t.equal(out, 'pod "a" deleted\n');
  t.match(err, /^error: pods "b" not found/);
  t.equal(exitCode, 1);
  t.equal(
    (await run(['delete', '-f', '-', '--wait=false', '--ignore-not-found'], removal, input)).exitCode,
    0,
  );
});

t.test('nothing is deleted by a command line that leaves out what', async (t) => {
  for (const args of [
    ['delete', 'pods'],
    ['delete'],
    ['delete', 'pods', 'a', '--all'],
    ['delete', 'pod', 'a', '-f', 'x'],
  ]) {
    const { exitCode, api } = await run(args, removal);
    t.equal(exitCode, 1, args.join(' '));
    t.notOk(api.asked.some((line) => line.startsWith('DELETE')));
  }
});
