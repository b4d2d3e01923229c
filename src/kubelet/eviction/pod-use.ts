// What each pod uses of what runs short, read from cgroup files and from the disk in the moment of need: nothing is kept
// and podman is not asked.
import { dirname, join } from 'node:path';
import type { Pod } from '../../api/objects.ts';
import { keyOf, splitKey } from '../../api/objects.ts';
import { namesIn, readFileIfPresent } from '../../base/if-present.ts';
import { processFile } from '../board/process-file.ts';
import { isOnDisk, type Resource } from '../health/thresholds.ts';
import { podLogFolder } from '../logs/log-paths.ts';
import { readCounters } from '../metrics/cgroup-counters.ts';
import type { CgroupMounts } from '../metrics/cgroup-mounts.ts';
import { containerCgroup, readCgroupMounts } from '../metrics/container-cgroup.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import { diskUse } from './disk-use.ts';
import type { Amounts, Candidate } from './eviction-order.ts';

export interface PodUseOptions {
  /** With folders by pod uid. */
  volumesDir: string;
  /** With folders `<namespace>_<pod>_<uid>`. */
  logDir: string;
}

export async function podUse(
  resource: Resource,
  pods: readonly Pod[],
  running: readonly RuntimeContainer[],
  options: PodUseOptions,
): Promise<Candidate[]> {
  const mounts = await readCgroupMounts();
  const candidates: Candidate[] = [];
  for (const pod of pods) {
    const own = running.filter(({ podUid }) => podUid === pod.metadata.uid);
    const containers: Record<string, Amounts> = {};
    const folders = isOnDisk(resource) ? await foldersOf(pod, options) : undefined;
    const used: Amounts = { ...folders?.all };
    for (const container of own) {
      const amounts = await containerUse(resource, container, mounts);
      used[resource] = (used[resource] ?? 0) + (amounts[resource] ?? 0);
      const { containerName: name } = container;
      if (name) containers[name] = withLogs(amounts, folders?.logs[name]);
    }
    candidates.push({ pod, used, containers });
  }
  return candidates;
}

async function containerUse(
  resource: Resource,
  { id, pid }: RuntimeContainer,
  mounts: CgroupMounts,
): Promise<Amounts> {
  if (!pid) return {};
  if (isOnDisk(resource)) return layerUse(pid);
  const files = await containerCgroup(mounts, id, pid);
  if (!files) return {};
  if (resource === 'memory') {
    const { workingSetBytes } = (await readCounters(files)) ?? {};
    return workingSetBytes === undefined ? {} : { memory: workingSetBytes };
  }
  const group = files.memory ?? files.cpu;
  const processes = group && (await readFileIfPresent(join(dirname(group), 'cgroup.procs')));
  return processes ? { pids: processes.split('\n').filter(Boolean).length } : {};
}

/** What the container has written outside its volumes: the upper layer of its root. */
export async function layerUse(pid: number): Promise<Amounts> {
  const mountinfo = (await processFile(pid, 'mountinfo')) ?? '';
  const root = mountinfo.split('\n').find((line) => line.split(' ')[4] === '/');
  const upper = /[ ,]upperdir=([^, ]+)/.exec(root ?? '')?.[1];
  return upper ? amountsOf(await diskUse(upper)) : {};
}

interface Folders {
  /** emptyDirs and other folders of the pod, and its logs. */
  all: Amounts;
  /** By container. */
  logs: Readonly<Record<string, Amounts>>;
}

async function foldersOf(pod: Pod, { volumesDir, logDir }: PodUseOptions): Promise<Folders> {
  const { namespace = 'default', name } = splitKey(keyOf(pod));
  const volumes = await diskUse(join(volumesDir, pod.metadata.uid));
  const logs = podLogFolder(logDir, { namespace, podName: name, podUid: pod.metadata.uid });
  const found: [string, Amounts][] = [];
  for (const container of await namesIn(logs)) {
    found.push([container, amountsOf(await diskUse(join(logs, container)))]);
  }
  return {
    all: sumOf([amountsOf(volumes), ...found.map(([, amounts]) => amounts)]),
    logs: Object.fromEntries(found),
  };
}

/** What a container takes of the disk is what it wrote and what it said, as upstream counts it. */
function withLogs(amounts: Amounts, logs: Amounts | undefined): Amounts {
  return logs ? sumOf([amounts, logs]) : amounts;
}

function sumOf(list: readonly Amounts[]): Amounts {
  const total = (resource: Resource) => list.reduce((sum, amounts) => sum + (amounts[resource] ?? 0), 0);
  return { 'ephemeral-storage': total('ephemeral-storage'), inodes: total('inodes') };
}

function amountsOf({ bytes, inodes }: { bytes: number; inodes: number }): Amounts {
  return { 'ephemeral-storage': bytes, inodes };
}
