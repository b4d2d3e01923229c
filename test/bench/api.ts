// What the API does in a second, with all of the master running behind it: reads, lists of 5,000 pods, durable writes
// beside etcd's in turns, how soon a watcher hears, and how long a read takes while 1,000 watchers are connected.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../src/api/objects.ts';
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { Etcd } from './etcd.ts';
import { type Load, load, middle, paced, percentiles } from './load.ts';
import { MasterProcess } from './master-process.ts';
import { Watchers } from './watchers.ts';

const ROUND_MS = 3_000;
const ROUNDS = 3;
const WRITERS = [1, 32];
/** So that a stall is met as often as it lasts long, whatever the answers take. */
const GET_EVERY_MS = 5;
const WRITE_EVERY_MS = 1_000;
const PODS = 5_000;
const WATCHERS = 1_000;
const STEP = { timesEtcd: 3, goalTimesEtcd: 5, getP99Ms: 5 };
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PODS_PATH = '/api/v1/namespaces/default/pods';
const TEXT = 'x'.repeat(1000);

export async function api(): Promise<void> {
  const master = await MasterProcess.start();
  try {
    await durableWrites(master);
    await watchLatency(master);
    await manyWatchers(master);
    await reads(master);
  } finally {
    await master.stop();
  }
}

interface Writer {
  name: string;
  write(caller: number, round: number): Promise<unknown>;
}

/** The same objects of 1 KB, one per writer, to each in turns. */
async function durableWrites(master: MasterProcess): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-bench-store-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  const store = new LevelStore({ engine: new DiskEngine({ directory }), onFatal });
  await store.start();
  const etcd = await Etcd.start();
  try {
    for (let caller = 0; caller < 32; caller++) await master.ask('POST', CONFIG_MAPS, configMap(caller, 0));
    const writers: Writer[] = [
      { name: 'our store', write: (caller, round) => put(store, caller, round) },
      {
        name: 'our API, HTTPS',
        write: (caller, round) => master.ask('PUT', `${CONFIG_MAPS}/c${caller}`, configMap(caller, round)),
      },
    ];
    if (etcd) writers.push(...etcdWriters(etcd));
    else say('etcd is not here, so nothing is compared: apt install etcd-server, or name it in $ETCD');
    for (const callers of WRITERS) await inTurns(writers, callers);
  } finally {
    await etcd?.stop();
    await store.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function etcdWriters(etcd: Etcd): Writer[] {
  const pair = (caller: number, round: number): [string, string] => [
    `/registry/configmaps/default/c${caller}`,
    JSON.stringify(configMap(caller, round)),
  ];
  return [
    { name: `etcd ${etcd.version}, gRPC`, write: (caller, round) => etcd.put(...pair(caller, round)) },
    { name: 'etcd, JSON over HTTP', write: (caller, round) => etcd.putJson(...pair(caller, round)) },
  ];
}

async function inTurns(writers: readonly Writer[], callers: number): Promise<void> {
  const runs = new Map<string, Load[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, write } of writers) {
      runs.set(name, [...(runs.get(name) ?? []), await load(callers, ROUND_MS, write)]);
    }
  }
  const rates = writers.map(({ name }) => ({ name, ...middle(runs.get(name) ?? []) }));
  for (const { name, ...rate } of rates) show(`durable writes, ${callers} writers: ${name}`, rate);
  const ours = rates.filter(({ name }) => name.startsWith('our'));
  const theirs = rates.filter(({ name }) => name.startsWith('etcd'));
  const step = callers === 32 ? `   (step: ${STEP.timesEtcd}, goal: ${STEP.goalTimesEtcd})` : '';
  for (const one of ours) {
    for (const other of theirs) {
      const ratio = (one.perSecond / other.perSecond).toFixed(2);
      say(`${one.name} does ${ratio} times ${other.name}, ${callers} writers${step}`);
    }
  }
}

function configMap(caller: number, round: number): KubeObject {
  const metadata = { name: `c${caller}`, namespace: 'default' };
  const data = { round: String(round), text: TEXT };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as unknown as KubeObject;
}

function put(store: LevelStore, caller: number, round: number): Promise<unknown> {
  const key = `/registry/core/configmaps/default/c${caller}`;
  return store.write(key, () => ({ put: configMap(caller, round) }));
}

/** From sending a write to its event being with a watcher; and to its answer, which must not come much sooner. */
async function watchLatency(master: MasterProcess): Promise<void> {
  const times: number[] = [];
  let awaited = '';
  let heard: () => void = () => undefined;
  const stop = await master.watch(`${CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Dc0`, (bytes) => {
    if (bytes.includes(awaited)) heard();
  });
  for (let round = 1_000_000; round < 1_001_000; round++) {
    awaited = `"round":"${round}"`;
    const event = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const begun = performance.now();
    const answered = master.ask('PUT', `${CONFIG_MAPS}/c0`, configMap(0, round));
    await event;
    times.push(performance.now() - begun);
    await answered;
  }
  stop();
  const { p50Ms, p99Ms } = percentiles(times);
  say(`watch latency, from sending a write to its event: p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`);
}

async function manyWatchers(master: MasterProcess): Promise<void> {
  // From now on: what was there before is not sent a thousand times.
  const { metadata } = JSON.parse((await master.ask('GET', `${CONFIG_MAPS}?limit=1`)).toString());
  const path = `${CONFIG_MAPS}?watch=1&resourceVersion=${metadata.resourceVersion}`;
  const watchers = await Watchers.start(master.connection, path, WATCHERS);
  const get = () => master.ask('GET', `${CONFIG_MAPS}/c1`);
  // A thousand handshakes leave garbage on both sides.
  await paced(GET_EVERY_MS, ROUND_MS, get);
  const quiet = await paced(GET_EVERY_MS, 2 * ROUND_MS, get);
  show(`GET with ${WATCHERS} watchers connected (step: p99 ${STEP.getP99Ms} ms)`, quiet);
  const before = watchers.events;
  let writes = 0;
  const write = () => master.ask('PUT', `${CONFIG_MAPS}/c2`, configMap(2, 9_000_000 + ++writes));
  const [busy] = await Promise.all([
    paced(GET_EVERY_MS, 2 * ROUND_MS, get),
    paced(WRITE_EVERY_MS, 2 * ROUND_MS, write),
  ]);
  show(`the same while ${writes} writes go to each (${watchers.events - before} events)`, busy);
  await watchers.stop();
}

async function reads(master: MasterProcess): Promise<void> {
  for (const callers of [1, 32]) {
    show(
      `GET of one object, ${callers} readers`,
      await load(callers, ROUND_MS, () => master.ask('GET', `${CONFIG_MAPS}/c1`)),
    );
  }
  let made = 0;
  const make = async () => {
    while (made < PODS) await master.ask('POST', PODS_PATH, pod(made++));
  };
  await Promise.all(Array.from({ length: 32 }, make));
  let bytes = 0;
  const list = async () => {
    bytes = (await master.ask('GET', PODS_PATH)).length;
  };
  const whole = await load(1, ROUND_MS, list);
  show(`list of ${PODS} pods, ${(bytes / 1e6).toFixed(1)} MB`, whole);
  show('list of 500 of them', await load(1, ROUND_MS, () => master.ask('GET', `${PODS_PATH}?limit=500`)));
}

/** No scheduler answers to the name, so that only reading is measured. */
function pod(number: number): object {
  const containers = [
    { name: 'main', image: 'localhost/edge-cluster-demo:1', ports: [{ containerPort: 8080 }] },
  ];
  const metadata = { name: `bench-${number}`, labels: { app: 'bench', number: String(number) } };
  return { metadata, spec: { schedulerName: 'nobody', containers } };
}

const ms = (value: number) => `${value.toFixed(2)} ms`;
const say = (text: string) => process.stdout.write(`  ${text}\n`);
const show = (name: string, { perSecond, p50Ms, p99Ms }: Load) =>
  say(`${name.padEnd(52)} ${perSecond.toFixed(0).padStart(6)}/s   p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`);
