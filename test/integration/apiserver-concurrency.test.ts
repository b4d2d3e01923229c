// Many clients at once over HTTPS, on LevelDB itself: what each was told is what is stored, whoever came between.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const directory = await mkdtemp(join(tmpdir(), 'edge-concurrency-'));
const api = await startApiServer({ engine: new DiskEngine({ directory }) });
t.teardown(async () => {
  await api.stop();
  await rm(directory, { recursive: true, force: true });
});

const CLIENTS = 50;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const clients = Array.from({ length: CLIENTS }, (_, number) => number);

/** Reads, adds one, writes with the revision that was read; from the start again after each 409. */
async function increment(path: string): Promise<number> {
  for (let conflicts = 0; ; conflicts++) {
    const { json } = await api.ask('GET', path);
    json.data.count = String(Number(json.data.count) + 1);
    const { code, text } = await api.ask('PUT', path, { body: json });
    if (code === 200) return conflicts;
    if (code !== 409) throw new Error(text);
  }
}

t.test('fifty clients that count in one object with resourceVersions lose no increment', async (t) => {
  const path = `${CONFIG_MAPS}/counter`;
  await api.ask('POST', CONFIG_MAPS, { body: { metadata: { name: 'counter' }, data: { count: '0' } } });
  const watch = await api.watch(`${CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Dcounter`);
  const rounds = 2;
  const conflicts = await Promise.all(
    clients.map(async () => {
      let met = 0;
      for (let round = 0; round < rounds; round++) met += await increment(path);
      return met;
    }),
  );
  const total = CLIENTS * rounds;
  t.equal((await api.ask('GET', path)).json.data.count, String(total));
  t.ok(conflicts.reduce((sum, met) => sum + met, 0) > CLIENTS, 'they did get into each other’s way');
  const { json: last } = await api.ask('GET', path);
  await api.ask('PUT', path, { body: { ...last, data: { count: 'over' } } });
  const counts = await eventually(() => {
    const seen = watch.events.map(({ object }) => object.data.count);
    if (seen.at(-1) !== 'over') throw new Error(`the watcher is at ${seen.at(-1)}`);
    return seen;
  });
  watch.stop();
  const expected = [...Array.from({ length: total + 1 }, (_, count) => String(count)), 'over'];
  t.same(counts, expected, 'a watcher saw each increment once and in order');
});

t.test('patches that name no revision all count, each on what the one before it left', async (t) => {
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.ask('POST', CONFIG_MAPS, { body: { metadata: { name: 'merged' } } });
  const answers = await Promise.all(
    clients.map((number) =>
      api.ask('PATCH', `${CONFIG_MAPS}/merged`, { body: { data: { [`k${number}`]: 'x' } }, headers }),
    ),
  );
  t.ok(answers.every(({ code }) => code === 200));
  const { json } = await api.ask('GET', `${CONFIG_MAPS}/merged`);
  t.equal(Object.keys(json.data).length, CLIENTS);
  const revisions = new Set(answers.map(({ json: answer }) => answer.metadata.resourceVersion));
  t.equal(revisions.size, CLIENTS, 'each was told of a revision of its own');
});

t.test(
  'of fifty clients that create the same name one does, and of fifty that delete it one too',
  async (t) => {
    const body = { metadata: { name: 'one' } };
    const made = await Promise.all(clients.map(() => api.ask('POST', CONFIG_MAPS, { body })));
    t.same(count(made), { 201: 1, 409: CLIENTS - 1 });
    const gone = await Promise.all(clients.map(() => api.ask('DELETE', `${CONFIG_MAPS}/one`)));
    t.same(count(gone), { 200: 1, 404: CLIENTS - 1 });
  },
);

t.test('a quota of several resources holds under creates, updates and deletes at once', async (t) => {
  const ns = '/api/v1/namespaces/crowd';
  await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'crowd' } } });
  const hard = { pods: '9', 'requests.memory': '640Mi' };
  await api.ask('POST', `${ns}/resourcequotas`, { body: { metadata: { name: 'q' }, spec: { hard } } });
  const watch = await api.watch(`${ns}/pods?watch=1`);
  const client = async (number: number) => {
    const memory = `${(1 + (number % 3)) * 32}Mi`;
    const containers = [{ name: 'c', image: 'i', resources: { requests: { memory } } }];
    const name = `p${number}`;
    const { code } = await api.ask('POST', `${ns}/pods`, {
      body: { metadata: { name }, spec: { containers } },
    });
    if (code !== 201) return code;
    if (number % 2) await api.ask('DELETE', `${ns}/pods/${name}?gracePeriodSeconds=0`);
    return code;
  };
  const codes: number[] = [];
  for (let round = 0; round < 3; round++) {
    const numbers = clients.map((number) => round * CLIENTS + number);
    codes.push(...(await Promise.all(numbers.map(client))));
  }
  t.same([...new Set(codes)].sort(), [201, 403]);
  const { json: list } = await api.ask('GET', `${ns}/pods`);
  t.ok(list.items.length > 0 && list.items.length <= 9, `${list.items.length} pods are left`);
  const changes = 2 * codes.filter((code) => code === 201).length - list.items.length;
  await eventually(() => {
    const seen = watch.events.filter(({ type }) => type !== 'MODIFIED').length;
    if (seen < changes) throw new Error(`the watcher saw ${seen} of ${changes} changes`);
  });
  t.ok(mostAtOnce(watch.events) <= 9, 'at no revision were there more pods than allowed');
  t.ok(mostMemory(watch.events) <= 640, 'nor more memory asked for');
  watch.stop();
});

function count(answers: readonly { code: number }[]): Record<number, number> {
  const byCode: Record<number, number> = {};
  for (const { code } of answers) byCode[code] = (byCode[code] ?? 0) + 1;
  return byCode;
}

// biome-ignore lint/suspicious/noExplicitAny: events are whatever the server sent.
type Events = readonly any[];

/** The largest sum of `weigh` over the pods that were there at the same revision. */
function most(events: Events, weigh: (pod: Events[number]) => number): number {
  const present = new Map<string, number>();
  let largest = 0;
  for (const { type, object } of events) {
    if (type === 'DELETED') present.delete(object.metadata.name);
    else present.set(object.metadata.name, weigh(object));
    largest = Math.max(
      largest,
      [...present.values()].reduce((sum, each) => sum + each, 0),
    );
  }
  return largest;
}

const mostAtOnce = (events: Events) => most(events, () => 1);
const mostMemory = (events: Events) =>
  most(events, ({ spec }) => Number.parseInt(spec.containers[0].resources.requests.memory, 10));
