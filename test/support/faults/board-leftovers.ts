// What a board holds that no pod of it accounts for: containers, processes, mounts, network namespaces, cables,
// cgroups and folders. Empty lists are the promise.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../../src/api/objects.ts';
import type { Board } from '../lab.ts';
import {
  type BoardProcess,
  isConmon,
  isService,
  OCI_RUNTIMES,
  processesSeenFrom,
  programOf,
} from './board-processes.ts';

type Leftovers = Record<string, string[]>;

interface ListedContainer {
  Id: string;
  Names: string[];
  State: string;
  Labels: Record<string, string> | null;
}

const CONTAINER_ID = /^[0-9a-f]{64}$/;
const POD_UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/**
 * Throws with what is left, but for what `spared` names. `seenIds` are of all containers that the board ever had; `pods`
 * those that it is to have now, all running.
 */
export async function refuseLeftovers(
  board: Board,
  pods: readonly Pod[],
  seenIds: ReadonlySet<string>,
  spared?: 'helpers',
): Promise<void> {
  const all = Object.entries(await leftoversOf(board, pods, seenIds));
  const found = all.filter(([name, items]) => name !== spared && items.length > 0);
  if (found.length > 0) throw new Error(JSON.stringify(Object.fromEntries(found)));
}

async function leftoversOf(
  board: Board,
  pods: readonly Pod[],
  seenIds: ReadonlySet<string>,
): Promise<Leftovers> {
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  const listed = await containersOf(board);
  const running = listed.filter(({ State }) => State === 'running');
  const sandboxes = running.filter(({ Labels }) => Labels?.['edge-cluster/container'] === undefined);
  const runningIds = new Set(running.map(({ Id }) => Id));
  const knownIds = new Set(listed.map(({ Id }) => Id));
  const isUnknown = (id: string) => CONTAINER_ID.test(id) && !knownIds.has(id);
  const isDead = (id: string) => seenIds.has(id) && !runningIds.has(id);
  return {
    containers: listed.filter((container) => !belongsTo(container, uids)).map(nameOf),
    doubled: doublesAmong(running),
    ...(await processesOf(board, runningIds, isDead)),
    ociStates: (await ociStatesOn(board)).filter(isUnknown),
    storage: (await namesOn(board, '/var/lib/containers/storage/overlay-containers')).filter(isUnknown),
    mounts: await mountsOf(board, running.length, uids, isUnknown),
    cgroups: await cgroupsOf(isDead),
    namespaces: await namesOn(board, '/run/netns'),
    cables: atMost(await cablesOf(board), sandboxes.length),
    folders: await foldersOf(board, uids),
  };
}

async function containersOf(board: Board): Promise<ListedContainer[]> {
  const { stdout } = await board.run('podman', 'ps', '--all', '--external', '--no-trunc', '--format', 'json');
  return JSON.parse(stdout || '[]');
}

const nameOf = ({ Names, State }: ListedContainer) => `${Names[0]} ${State}`;

function belongsTo({ Labels, State }: ListedContainer, uids: ReadonlySet<string>): boolean {
  return ['running', 'stopped', 'exited'].includes(State) && uids.has(Labels?.['edge-cluster/pod-uid'] ?? '');
}

/** Of one container of one pod a board runs one. */
function doublesAmong(running: readonly ListedContainer[]): string[] {
  const places = running.map(({ Labels }) =>
    [Labels?.['edge-cluster/pod'], Labels?.['edge-cluster/container'] ?? 'POD'].join(' '),
  );
  return places.filter((place, index) => places.indexOf(place) !== index);
}

async function processesOf(board: Board, running: ReadonlySet<string>, isDead: (id: string) => boolean) {
  const all = await processesSeenFrom(board);
  const words = ({ pid, words }: BoardProcess) => `${pid} ${words.join(' ').slice(0, 160)}`;
  const conmons = all.filter((process) => process.isOnBoard && isConmon(process.words));
  const others = all.filter((process) => !process.isOnBoard && isDead(process.containerId ?? ''));
  const helpers = all.filter((process) => process.isOnBoard && isHelper(process.words));
  return {
    conmons: conmons.filter(({ containerId }) => !running.has(containerId ?? '')).map(words),
    processes: others.map(words),
    // A cleanup or an OCI runtime may be at work in this moment: the caller looks again.
    helpers: helpers.map(words),
  };
}

/** A program of podman's that ends by itself. */
function isHelper(words: readonly string[]): boolean {
  const names = ['podman', 'netavark', 'aardvark-dns', ...OCI_RUNTIMES];
  return names.includes(programOf(words)) && !isService(words);
}

async function ociStatesOn(board: Board): Promise<string[]> {
  return (await Promise.all(OCI_RUNTIMES.map((name) => namesOn(board, `/run/${name}`)))).flat();
}

async function namesOn(board: Board, path: string): Promise<string[]> {
  return readdir(join(`/proc/${board.holderPid}/root`, path)).catch(() => []);
}

/** Each container that runs has its root and one for its own /dev/shm; a pod has tmpfs of its own. */
async function mountsOf(
  board: Board,
  mountedCount: number,
  uids: ReadonlySet<string>,
  isUnknown: (id: string) => boolean,
): Promise<string[]> {
  const mountinfo = await readFile(`/proc/${board.holderPid}/mountinfo`, 'utf8');
  const points = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  const roots = points.filter((point) => /\/overlay\/[^/]+\/merged$/.test(point));
  const ofContainers = points.filter((point) =>
    isUnknown(/overlay-containers\/([0-9a-f]{64})\//.exec(point)?.[1] ?? ''),
  );
  const ofPods = points.filter((point) => {
    const uid = POD_UID.exec(point)?.[0];
    return uid !== undefined && !uids.has(uid);
  });
  return [...atMost(roots, mountedCount), ...ofContainers, ...ofPods];
}

/** Below each controller of v1 and of v2 itself; as boards of a lab have no systemd, podman makes them by hand. */
async function cgroupsOf(isDead: (id: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const controller of ['.', ...(await readdir('/sys/fs/cgroup'))]) {
    const parent = join('/sys/fs/cgroup', controller, 'libpod_parent');
    const names = await readdir(parent).catch(() => []);
    found.push(
      ...names.filter((name) => isDead(name.replace('libpod-', ''))).map((name) => join(parent, name)),
    );
  }
  return found;
}

async function cablesOf(board: Board): Promise<string[]> {
  const { stdout } = await board.run('ip', '-o', 'link', 'show', 'type', 'veth');
  return stdout.split('\n').filter((line) => line.includes('master edge0'));
}

async function foldersOf(board: Board, uids: ReadonlySet<string>): Promise<string[]> {
  const places = ['volumes', 'records', 'logs'].map((name) => join(board.dir, 'agent', name));
  const ofPods = `/proc/${board.holderPid}/root/run/edge-cluster`;
  const memory = (await readdir(ofPods).catch(() => [])).map((name) => join(ofPods, name));
  const found: string[] = [];
  for (const place of [...places, ...memory]) {
    const names = await readdir(place).catch(() => []);
    found.push(
      ...names
        .filter((name) => !uids.has(POD_UID.exec(name)?.[0] ?? [...uids][0] ?? name))
        .map((name) => join(place, name)),
    );
  }
  return found.filter((path) => POD_UID.test(path));
}

/** All of them where there are more than there should be: which is too many nobody can tell. */
function atMost(names: string[], count: number): string[] {
  return names.length > count ? [`${names.length} instead of ${count}:`, ...names] : [];
}
