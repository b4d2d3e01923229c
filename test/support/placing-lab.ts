// An API server over HTTPS with its store on disk, a scheduler and many boards that only exist: how fast pods that are
// posted are given boards, as a client sees it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { startApiServer } from './api-server.ts';
import { eventually } from './eventually.ts';
import { addNode } from './memory-cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';
/** Requests under way at a time. */
const CLIENTS = 20;

export interface PlacingResult {
  /** From the answer to the last POST to the moment when a watch had shown every pod bound. */
  lastPostToAllBoundMs: number;
  /** From the first POST. */
  allMs: number;
  podsPerBoard: number[];
}

/**
 * `spec` is laid over that of a pod that asks for little. With `schedulerFirst` false all pods are pending before the
 * scheduler starts, which then counts as part of the time.
 */
export async function placePods(
  podCount: number,
  boardCount: number,
  spec: object = {},
  schedulerFirst = true,
): Promise<PlacingResult> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-placing-'));
  const failures: Error[] = [];
  const engine = new DiskEngine({ directory: join(directory, 'store') });
  const store = new LevelStore({ engine, onFatal: (error) => failures.push(error), historyLength: 20_000 });
  await store.start();
  const api = await startApiServer({ store });
  const { client } = api.server;
  const common = { client, clock: systemClock, logger: silentLogger };
  const informers = new InformerFactory(common);
  const recorder = new EventRecorder(common);
  const parts = sequence([recorder, informers, new Scheduler({ ...common, informers, recorder })]);
  try {
    for (let i = 0; i < boardCount; i++) {
      await addNode(client, `board-${i}`, { metadata: { labels: { zone: `z${i % 4}` } } } as never);
    }
    if (schedulerFirst) await parts.start();
    const afterPosts = async () => void (schedulerFirst || (await parts.start()));
    const result = await measure(api, podCount, spec, afterPosts);
    if (failures.length > 0) throw failures[0];
    return result;
  } finally {
    await parts.stop();
    await api.stop();
    await store.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Api = Awaited<ReturnType<typeof startApiServer>>;

async function measure(
  api: Api,
  podCount: number,
  spec: object,
  afterPosts: () => Promise<void>,
): Promise<PlacingResult> {
  const watch = await api.watch(`${PODS}?watch=true`);
  const bound = new Map<string, string>();
  let seen = 0;
  let boundMs = 0;
  const look = () => {
    for (; seen < watch.events.length; seen++) {
      const { metadata, spec: found } = watch.events[seen].object;
      if (found.nodeName) bound.set(metadata.name, found.nodeName);
    }
    if (bound.size < podCount) return false;
    boundMs ||= performance.now();
    return true;
  };
  const beganMs = performance.now();
  let next = 0;
  const post = async () => {
    for (let i = next++; i < podCount; i = next++) await postPod(api, `p${i}`, spec);
  };
  await Promise.all(Array.from({ length: CLIENTS }, post));
  const postedMs = performance.now();
  await afterPosts();
  await eventually(async () => look(), 60_000, 5);
  watch.stop();
  const perBoard = new Map<string, number>();
  for (const board of bound.values()) perBoard.set(board, (perBoard.get(board) ?? 0) + 1);
  return {
    lastPostToAllBoundMs: boundMs - postedMs,
    allMs: boundMs - beganMs,
    podsPerBoard: [...perBoard.values()],
  };
}

async function postPod(api: Api, name: string, spec: object): Promise<void> {
  const resources = { requests: { cpu: '50m', memory: '16Mi' } };
  const containers = [{ name: 'main', image: 'example.com/main:1', resources }];
  const metadata = { name, labels: { app: 'web' } };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } };
  const { code, text } = await api.ask('POST', PODS, { body });
  if (code !== 201) throw new Error(text);
}
