// Records what a store writes and syncs, then opens the directory as a power cut at each of many points could have
// left it: whatever was acknowledged before the cut is there, intact.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { LevelStore } from '../../src/store/level-store.ts';
import { type CutRules, DiskModel } from '../support/power-cut/disk-model.ts';
import { type DiskOperation, readTrace, straceArguments } from '../support/power-cut/trace.ts';
import { testStore, valueAt } from '../support/power-cut/writer.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SESSIONS = [
  { writes: 0, end: 'interrupt' },
  { writes: 900, end: 'kill' },
  { writes: 900, end: 'stop' },
  { writes: 900, end: 'kill' },
  { writes: 0, end: 'interrupt' },
  { writes: 0, end: 'interrupt' },
  { writes: 300, end: 'stop' },
];
/** Each point is tried with one kind of loss in turn; in the long run with all of them. */
const isLong = process.env.EDGE_TEST_LONG === '1';

const rulesOf = (next: () => number): CutRules[] => [
  {
    name: 'all that was not synced is lost',
    keepsChange: () => false,
    keepsBytes: () => ({ bytes: 0, zeroFilled: false }),
  },
  {
    name: 'all is kept',
    keepsChange: () => true,
    keepsBytes: (unsynced) => ({ bytes: unsynced, zeroFilled: false }),
  },
  {
    name: 'names are kept, bytes are lost',
    keepsChange: () => true,
    keepsBytes: () => ({ bytes: 0, zeroFilled: false }),
  },
  {
    name: 'files end torn',
    keepsChange: () => true,
    keepsBytes: (unsynced) => ({ bytes: Math.floor(next() * unsynced), zeroFilled: false }),
  },
  {
    name: 'some of each',
    keepsChange: () => next() < 0.5,
    keepsBytes: (unsynced) => ({ bytes: Math.floor(next() * (unsynced + 1)), zeroFilled: next() < 0.5 }),
  },
];

t.test(
  'a power cut at any point loses nothing that was acknowledged',
  { timeout: isLong ? 1_800_000 : 230_000 },
  async (t) => {
    const work = await mkdtemp(join(memoryDirectory(), 'edge-power-cut-'));
    t.teardown(() => rm(work, { recursive: true, force: true }));
    const operations = await record(work);
    const next = seededRandom(7);
    const variants = rulesOf(next);
    const model = new DiskModel();
    const acknowledged = new Map<string, Acknowledged>();
    const given = { revision: 0 };
    let cuts = 0;
    let failures = 0;
    for (const [index, operation] of operations.entries()) {
      if (operation.type === 'said') note(operation.text, acknowledged, given);
      else model.apply(operation);
      for (const rules of isLong ? variants : [variants[index % variants.length] as CutRules]) {
        cuts++;
        const wrong = await openAfterCut(model, rules, join(work, 'cut'), acknowledged, given.revision);
        if (wrong.length === 0 || failures++ >= 10) continue;
        t.fail(`cut after operation ${index} of ${operations.length} (${operation.type}), ${rules.name}`, {
          wrong,
        });
      }
    }
    t.equal(failures, 0, 'no cut lost anything');
    t.ok(acknowledged.size > 50);
    t.ok(cuts > 1_000);
    t.comment(`${cuts} cuts over ${operations.length} recorded operations of ${SESSIONS.length} runs`);
  },
);

interface Acknowledged {
  removed: boolean;
  revision: number;
  /** Of a removal that was begun, acknowledged or not. */
  removing: number;
}

function memoryDirectory(): string {
  return statSync('/dev/shm', { throwIfNoEntry: false }) ? '/dev/shm' : tmpdir();
}

async function record(work: string): Promise<DiskOperation[]> {
  const directory = join(work, 'recorded');
  mkdirSync(directory);
  const writer = fileURLToPath(new URL('../support/power-cut/writer.ts', import.meta.url));
  const operations: DiskOperation[] = [];
  for (const [seed, { writes, end }] of SESSIONS.entries()) {
    const output = join(work, 'trace');
    const args = [
      ...straceArguments(output),
      process.execPath,
      writer,
      directory,
      String(writes),
      String(seed),
      end,
    ];
    const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    await once(child, 'exit');
    const ran = readTrace(await readFile(output, 'latin1'), directory);
    const lastSync = 1_000_000 * seed;
    operations.push(...ran.map((o) => ('id' in o ? { ...o, id: o.id + lastSync } : o)));
  }
  return operations;
}

function note(text: string, acknowledged: Map<string, Acknowledged>, given: { revision: number }): void {
  const [, sort, key, revision] = text.trim().split(' ') as [string, string, string, string];
  if (sort !== 'removing') given.revision = Math.max(given.revision, Number(revision));
  if (sort === 'volatile') return;
  const known = acknowledged.get(key) ?? { removed: true, revision: 0, removing: 0 };
  acknowledged.set(key, known);
  if (sort === 'removing') known.removing = Number(revision);
  else if (known.revision < Number(revision)) {
    known.removed = sort === 'del';
    known.revision = Number(revision);
  }
}

async function openAfterCut(
  model: DiskModel,
  rules: CutRules,
  target: string,
  acknowledged: ReadonlyMap<string, Acknowledged>,
  givenRevision: number,
): Promise<string[]> {
  mkdirSync(target);
  model.rebuild(target, rules);
  const store = testStore(target);
  try {
    await store.start();
    const wrong = compare(store, acknowledged);
    if (store.revision < givenRevision) wrong.push(`begins at ${store.revision}, below ${givenRevision}`);
    await store.stop();
    return wrong;
  } catch (error) {
    return [String(error)];
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

function compare(store: LevelStore, acknowledged: ReadonlyMap<string, Acknowledged>): string[] {
  const wrong: string[] = [];
  for (const { key, value, revision } of store.list('')) {
    if (JSON.stringify(value) !== JSON.stringify(valueAt(key, revision))) wrong.push(`${key} is not intact`);
    const known = acknowledged.get(key);
    if (known && known.revision > revision)
      wrong.push(`${key} is at ${revision}, acknowledged ${known.revision}`);
    if (known?.removed && known.revision === revision) wrong.push(`${key} came back`);
  }
  for (const [key, { removed, revision, removing }] of acknowledged) {
    if (!removed && removing < revision && !store.get(key))
      wrong.push(`${key} of revision ${revision} is gone`);
  }
  return wrong;
}
