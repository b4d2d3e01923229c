// Watches over HTTPS: nothing is missed, nothing comes twice, and clients are told where they stand.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const PATH = '/api/v1/namespaces/default/configmaps';
const create = async (name: string, labels: object = {}) =>
  (await api.ask('POST', PATH, { body: { metadata: { name, labels } } })).json;
const label = (name: string, labels: object) => {
  const headers = { 'content-type': 'application/merge-patch+json' };
  return api.ask('PATCH', `${PATH}/${name}`, { body: { metadata: { labels } }, headers });
};
const revision = async () => (await api.ask('GET', PATH)).json.metadata.resourceVersion;
// biome-ignore lint/suspicious/noExplicitAny: events as they came.
const short = (events: any[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

t.test('headers come at once, before any event', async (t) => {
  const answer = await api.open('GET', `${PATH}?watch=1&resourceVersion=${await revision()}`);
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['transfer-encoding'], 'chunked');
  answer.destroy();
});

t.test('every spelling of true watches', async (t) => {
  for (const value of ['1', 'true', 'True', '']) {
    const answer = await api.ask(
      'GET',
      `${PATH}?watch=${value}&timeoutSeconds=1&resourceVersion=${await revision()}`,
    );
    t.equal(answer.code, 200);
    t.equal(answer.text, '', `watch=${value} is a stream that ends in time`);
  }
  t.equal((await api.ask('GET', `${PATH}?watch=false`)).json.kind, 'ConfigMapList');
});

t.test('a watch replays what happened since its revision, deletions with the newer one', async (t) => {
  const since = await revision();
  const made = await create('one');
  await api.ask('DELETE', `${PATH}/one`);
  const watch = await api.watch(`${PATH}?watch=1&resourceVersion=${since}`);
  await eventually(() => watch.events.length >= 2);
  t.same(short(watch.events), ['ADDED one', 'DELETED one']);
  t.ok(Number(watch.events[1].object.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
  watch.stop();
});

t.test('entering a selection is ADDED, leaving it DELETED with the revision of that write', async (t) => {
  const watch = await api.watch(`${PATH}?watch=1&labelSelector=a%3Db&resourceVersion=${await revision()}`);
  await create('two');
  await label('two', { a: 'b' });
  await label('two', { c: 'd' });
  const { json: left } = await label('two', { a: null });
  await eventually(() => watch.events.length >= 3);
  t.same(short(watch.events), ['ADDED two', 'MODIFIED two', 'DELETED two']);
  t.equal(watch.events[2].object.metadata.resourceVersion, left.metadata.resourceVersion);
  watch.stop();
});

t.test('initial events come with a bookmark at their end, or a 422 tells what is missing', async (t) => {
  await create('three');
  const initial = 'watch=1&sendInitialEvents=true&allowWatchBookmarks=true';
  const watch = await api.watch(`${PATH}?${initial}&resourceVersionMatch=NotOlderThan`);
  await eventually(() => watch.events.some((event) => event.type === 'BOOKMARK'));
  const bookmark = watch.events.at(-1).object;
  t.same(bookmark.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
  t.match(bookmark, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: await revision() } });
  t.ok(short(watch.events).includes('ADDED three'));
  await create('four');
  await eventually(() => short(watch.events).at(-1) === 'ADDED four');
  watch.stop();
  const refused = await api.ask('GET', `${PATH}?${initial}`);
  t.same({ code: refused.code, reason: refused.json.reason }, { code: 422, reason: 'Invalid' });
});

t.test('a revision out of reach is 410, so that the client lists again', async (t) => {
  const small = await startApiServer({ historyLength: 2 });
  t.teardown(() => small.stop());
  for (let i = 0; i < 5; i++) await small.ask('POST', PATH, { body: { metadata: { name: `c${i}` } } });
  for (const resourceVersion of ['1', '99999999']) {
    const { code, json } = await small.ask('GET', `${PATH}?watch=1&resourceVersion=${resourceVersion}`);
    t.same({ code, reason: json.reason }, { code: 410, reason: 'Expired' });
  }
  t.equal((await api.ask('GET', `${PATH}?watch=1&resourceVersion=abc`)).code, 400);
});

t.test('a watch as Tables names its columns once', async (t) => {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const path = `${PATH}?watch=1&timeoutSeconds=1`;
  const { text } = await api.ask('GET', path, { headers });
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.ok(events.length >= 2);
  t.equal(events[0].object.kind, 'Table');
  t.ok(events[0].object.columnDefinitions.length > 0);
  t.same(events[1].object.columnDefinitions, []);
  t.equal(events[1].object.rows.length, 1);
});

t.test('stopping the server ends its watches', async (t) => {
  const other = await startApiServer();
  const watch = await other.watch(`${PATH}?watch=1`);
  await other.stop();
  await eventually(() => watch.isOver());
  t.ok(watch.isOver());
});
