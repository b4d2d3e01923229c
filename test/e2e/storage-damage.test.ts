// podman's store as power cuts leave it, on real podman: the board says what is damaged, mends what can be mended, and its
// pods run again, with their image taken from the archive in the board's folder. EDGE_TEST_LONG=1 tries all damages.
import { copyFile, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const half = async (path: string) => truncate(path, Math.floor((await stat(path)).size / 2));

/** podman 5 keeps in SQLite what podman 4 kept in BoltDB. */
const databaseOf = async (store: string) => {
  const names = [join(store, 'db.sql'), join(store, 'libpod/bolt_state.db')];
  for (const name of names) if (await stat(name).catch(() => undefined)) return name;
  throw new Error(`none of ${names.join(', ')}`);
};

const layersOf = async (store: string) =>
  (await readdir(join(store, 'overlay')))
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => join(store, 'overlay', name));

const PAGE = 4096;

async function zeroPages(path: string, first = 2): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(4 * PAGE), 0, undefined, first * PAGE);
  await file.close();
}

async function emptyBlobs(store: string): Promise<void> {
  const images = join(store, 'overlay-images');
  for (const entry of await readdir(images, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.startsWith('=')) await truncate(join(entry.parentPath, entry.name), 0);
  }
}

/** What each does to the store; the first ones are tried in every run. */
const damages: Readonly<Record<string, (store: string) => Promise<unknown>>> = {
  'the database of containers holds zeros': async (store) => zeroPages(await databaseOf(store)),
  'the links of layers are empty': async (store) => {
    for (const layer of await layersOf(store)) await truncate(join(layer, 'link'), 0);
  },
  'folders of layers are missing': async (store) => {
    for (const layer of await layersOf(store)) await rm(layer, { recursive: true });
  },
  'the list of layers is empty': (store) => truncate(join(store, 'overlay-layers/layers.json'), 0),
  'the list of layers is cut off': (store) => half(join(store, 'overlay-layers/layers.json')),
  'the list of images is empty': (store) => truncate(join(store, 'overlay-images/images.json'), 0),
  'the list of images is cut off': (store) => half(join(store, 'overlay-images/images.json')),
  'the list of containers is empty': (store) =>
    truncate(join(store, 'overlay-containers/containers.json'), 0),
  'the list of containers is cut off': (store) => half(join(store, 'overlay-containers/containers.json')),
  'configurations of images are empty': emptyBlobs,
  'the database of containers is cut off': async (store) => truncate(await databaseOf(store), 8192),
  'the database of containers is empty': async (store) => truncate(await databaseOf(store), 0),
  'the head of the database of containers holds zeros': async (store) =>
    zeroPages(await databaseOf(store), 0),
  'the end of the database of containers holds zeros': async (store) => {
    const path = await databaseOf(store);
    await zeroPages(path, Math.max(0, Math.floor((await stat(path)).size / PAGE) - 4));
  },
  'the short names of layers are missing': (store) => rm(join(store, 'overlay/l'), { recursive: true }),
};
const tried = Object.entries(damages).slice(0, process.env.EDGE_TEST_LONG === '1' ? undefined : 2);

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: demoImage }] },
    },
  },
};

t.test('a damaged store', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'damage');
  const { master } = cluster;
  const archive = await demoArchive(work);
  await cluster.start(['alpha']);
  const { board } = cluster.agent('alpha');
  await copyFile(archive, join(board.dir, 'agent', 'images', 'demo.tar'));
  const events = () => master.must('get', 'events', '-A');
  await eventually(async () => (await events()).includes('ImagesImported'), 20_000, 300);
  await master.apply(deployment);
  await readyPods(master, 'app=web', 1);
  const answers = async () => {
    const [pod] = await readyPods(master, 'app=web', 1, 5_000);
    const { stdout } = await board.run(
      'curl',
      '--silent',
      '--max-time',
      '2',
      `http://${pod?.status?.podIP}:8080`,
    );
    if (!stdout.includes('Hello')) throw new Error(stdout);
  };

  for (const [name, damage] of tried) {
    await t.test(`pods run again though ${name}`, async (t) => {
      await cluster.agent('alpha').program.end('SIGKILL');
      await board.cutPower();
      await damage(join(board.dir, 'containers', 'storage'));
      await cluster.lab.reboot(board);
      const startedMs = Date.now();
      const { program } = await cluster.startAgent(board);
      await eventually(answers, 90_000, 300);
      t.comment(`${Date.now() - startedMs} ms after the agent's start`);
      t.comment(
        program.output
          .split('\n')
          .filter((line) => /damage|mend|remov/.test(line))
          .join('\n')
          .slice(0, 1500),
      );
      t.equal((await cluster.running('alpha', 'web-')).length, 1);
    });
    if (!t.passing()) break;
  }
});
