// Informers of client-node over thousands of random writes, with connections cut, the history overrun and the server
// restarted: what they hold at the end is what the store holds, and what they were told on the way is what happened.
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import t from 'tap';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import type { ConfigMap } from '../../src/api/objects.ts';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';
import { CountingInformer, keyOf, type Told } from '../support/client-node-informer.ts';
import { CuttableLink } from '../support/cuttable-link.ts';
import { eventually } from '../support/eventually.ts';

const WRITES = 10_000;
/** At least; the store drops its oldest changes in halves. */
const HISTORY = 1000;
/** Of the first half: so that nobody falls behind the history who is not meant to. */
const PARTS = 10;
const WRITERS = 8;
const NAMES = 120;
const SPACES = ['default', 'other'];
const BLUE = 'color=blue';

const api = await startApiServer({ historyLength: HISTORY });
t.teardown(() => api.stop());
await api.server.client.create(namespaces, {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'other' },
});
const link = new CuttableLink(() => api.server.port);
await link.start();
t.teardown(() => link.stop());

const config = new KubeConfig();
config.loadFromString(
  renderKubeconfig({
    server: `https://127.0.0.1:${link.port}`,
    authorityPem: api.authority.certificatePem,
    client: api.admin,
  }),
);
const core = config.makeApiClient(CoreV1Api);
const informers = {
  all: new CountingInformer(config, {
    path: '/api/v1/configmaps',
    list: () => core.listConfigMapForAllNamespaces(),
  }),
  other: new CountingInformer(config, {
    path: '/api/v1/namespaces/other/configmaps',
    list: () => core.listNamespacedConfigMap({ namespace: 'other' }),
  }),
  blue: new CountingInformer(config, {
    path: '/api/v1/configmaps',
    labelSelector: BLUE,
    list: () => core.listConfigMapForAllNamespaces({ labelSelector: BLUE }),
  }),
};
const everyone = Object.values(informers);
for (const informer of everyone) await informer.start();
t.teardown(() => Promise.all(everyone.map((informer) => informer.stop())));

let seed = 20_261_121;
/** The same numbers at every run. */
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

/** What was done to each object; deletions have no revision of their own here. */
const done = new Map<string, Told[]>();
let writes = 0;

function note(verb: Told['verb'], { metadata }: ConfigMap): void {
  const key = keyOf(metadata);
  done.set(key, [...(done.get(key) ?? []), { verb, resourceVersion: Number(metadata.resourceVersion) }]);
}

/** One writer to a name, so that nothing conflicts. */
async function writeOnce(writer: number): Promise<void> {
  const { client } = api.server;
  const namespace = SPACES[random(SPACES.length)] ?? '';
  const name = `w${writer}-${random(NAMES / WRITERS)}`;
  const key = `${namespace}/${name}`;
  const labels = { color: random(2) === 0 ? 'blue' : 'red' };
  const data = { value: String(writes++) };
  const current = held.get(key);
  if (!current) {
    const metadata = { namespace, name, labels };
    const made = await client.create<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data,
    });
    held.set(key, made);
    note('add', made);
  } else if (random(4) === 0) {
    await client.delete(configMaps, key);
    held.delete(key);
    note('delete', current);
  } else {
    const body = { metadata: { labels }, data };
    const changed = await client.patch(configMaps, key, { type: 'merge', body });
    held.set(key, changed);
    note('update', changed);
  }
}
const held = new Map<string, ConfigMap>();

/** Writers side by side; `between` is done after every hundredth write. */
async function write(count: number, between: () => void = () => undefined): Promise<void> {
  const end = writes + count;
  const writer = async (number: number) => {
    while (writes < end) {
      await writeOnce(number);
      if (writes % 100 === 0) between();
      // Others, the server's answers among them, get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
}

const stored = async (wanted: (object: ConfigMap) => boolean) => {
  const { items } = await api.server.client.list(configMaps);
  const objects = items.filter(wanted);
  return new Map(objects.map(({ metadata }) => [keyOf(metadata), metadata.resourceVersion]));
};

const sorted = (map: Map<string, string>) => [...map].sort();

/** Every informer holds what the store holds of its share. */
async function agree(): Promise<void> {
  const shares: [CountingInformer, (object: ConfigMap) => boolean][] = [
    [informers.all, () => true],
    [informers.other, ({ metadata }) => metadata.namespace === 'other'],
    [informers.blue, ({ metadata }) => metadata.labels?.color === 'blue'],
  ];
  for (const [informer, wanted] of shares) {
    const want = JSON.stringify(sorted(await stored(wanted)));
    await eventually(() => JSON.stringify(sorted(informer.cache())) === want, 20_000);
  }
}

t.test('cut connections lose, repeat and reorder nothing', async (t) => {
  await agree();
  const lists = everyone.map((informer) => informer.lists);
  for (let part = 0; part < PARTS; part++) {
    await write(WRITES / 2 / PARTS, () => link.cut());
    await agree();
  }
  t.ok(informers.all.errors > 10, `it was cut off ${informers.all.errors} times`);
  t.strictSame(
    everyone.map((informer) => informer.lists),
    lists,
    'nobody had to list again',
  );
  const verbs = (told: Told[]) =>
    told.map(({ verb, resourceVersion }) => (verb === 'delete' ? verb : `${verb} ${resourceVersion}`));
  const wrong = [...done].filter(([key, told]) => {
    return JSON.stringify(verbs(informers.all.told.get(key) ?? [])) !== JSON.stringify(verbs(told));
  });
  t.strictSame(wrong.slice(0, 3), [], 'every write was told once, in its turn');
  for (const informer of everyone) t.strictSame(informer.contradictions({ relisted: false }), []);
});

t.test('who was away for longer than the history lists again, and is right again', async (t) => {
  const lists = informers.all.lists;
  link.down();
  await write(HISTORY * 2 + 200);
  link.up();
  await agree();
  t.equal(informers.all.lists, lists + 1);
  await write(500, () => link.cut());
  await agree();
});

t.test('a restart of the server is got over', async () => {
  await write(500);
  link.down();
  await api.restart();
  link.up();
  await write(WRITES - writes, () => link.cut());
  await agree();
});

t.test('on the whole way no informer was told what cannot be', async (t) => {
  for (const [name, informer] of Object.entries(informers)) {
    t.strictSame(informer.contradictions({ relisted: true }).slice(0, 3), [], name);
  }
  t.ok(writes >= WRITES, `after ${writes} writes`);
});
