// Runs under strace: opens a store, writes with several hands at once and prints `ack …` for what was acknowledged.
// Arguments: directory, number of writes, seed, and how it ends: `stop`, `kill`, or
// `interrupt` = killed in its opening.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { KubeObject } from '../../../src/api/objects.ts';
import { DiskEngine } from '../../../src/store/disk-engine.ts';
import { LevelStore } from '../../../src/store/level-store.ts';
import type { Entry } from '../../../src/store/store.ts';
import { seededRandom } from '../seeded-random.ts';

const HANDS = 4;
const KEYS = 60;

/** What a key holds at a revision: can be told from these two alone, so a reader can tell whether it is intact. */
export function valueAt(key: string, revision: number): KubeObject {
  const block = createHash('sha256').update(`${key} ${revision}`).digest('base64');
  const data = { text: block.repeat(2 + (revision % 30)) };
  const metadata = { name: key, uid: '', resourceVersion: String(revision), creationTimestamp: '' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject;
}

const engineIn = (directory: string) => new DiskEngine({ directory, writeBufferBytes: 65_536 });

export const testStore = (directory: string, engine = engineIn(directory)): LevelStore =>
  new LevelStore({
    engine,
    onFatal: (error) => {
      throw error;
    },
    revisionBlock: 100,
  });

async function run(directory: string, writes: number, seed: number, end: string): Promise<void> {
  const next = seededRandom(seed);
  const engine = engineIn(directory);
  if (end === 'interrupt') engine.accept = async () => void process.kill(process.pid, 'SIGKILL');
  const store = testStore(directory, engine);
  await store.start();
  let left = writes;
  const hand = async () => {
    while (left-- > 0) {
      const key = `/registry/core/configmaps/default/k${Math.floor(next() * KEYS)}`;
      if (next() < 0.2) await removeOne(store, key);
      else await putOne(store, key, next() < 0.1);
    }
  };
  await Promise.all(Array.from({ length: HANDS }, hand));
  if (end === 'kill') process.kill(process.pid, 'SIGKILL');
  await store.stop();
}

async function putOne(store: LevelStore, key: string, volatile: boolean): Promise<void> {
  const target = volatile ? key.replace('default', 'volatile') : key;
  const put = (_: Entry | undefined, revision: number) => ({ put: valueAt(target, revision) });
  const entry = await store.write(target, put, { volatile });
  writeSync(1, `ack ${volatile ? 'volatile' : 'put'} ${target} ${entry?.revision}\n`);
}

async function removeOne(store: LevelStore, key: string): Promise<void> {
  let revision = 0;
  await store.write(key, (current, drawn) => {
    if (!current) return undefined;
    revision = drawn;
    writeSync(1, `ack removing ${key} ${revision}\n`);
    return { remove: current.value };
  });
  if (revision > 0) writeSync(1, `ack del ${key} ${revision}\n`);
}

if (import.meta.main) {
  const [directory, writes, seed, end] = process.argv.slice(2) as [string, string, string, string];
  await run(directory, Number(writes), Number(seed), end);
}
