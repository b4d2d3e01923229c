// `/stats/summary` of a board, as upstream's kubelet writes it, from counters that were just read and the rates that are
// measured anyway. What is not known is left out, never 0. Pure.
// https://kubernetes.io/docs/reference/instrumentation/node-metrics/#summary-api-source
import { splitKey, timestamp } from '../../api/objects.ts';
import type { BoardLoad, DiskUse } from '../board/board-load.ts';
import type { BoardReading, MeteredContainer } from './board-figures.ts';
import type { Counters } from './cgroup-counters.ts';
import type { InterfaceCounters } from './network-counters.ts';
import { sumOfAll } from './sum-of-all.ts';
import type { Usage } from './usage-window.ts';

export interface SummaryInput {
  nodeName: string;
  reading: BoardReading;
  /** Of the last heartbeat. */
  load: BoardLoad | undefined;
  boardInterfaces: readonly InterfaceCounters[] | undefined;
  /** By pod uid; pods on the board's own network have none. */
  podInterfaces: ReadonlyMap<string, readonly InterfaceCounters[]>;
  nowMs: number;
}

export function statsSummary(input: SummaryInput): object {
  const byPod = Map.groupBy(input.reading.containers, ({ podUid }) => podUid);
  return {
    node: nodeStats(input),
    pods: [...byPod].map(([uid, containers]) => podStats(uid, containers, input)),
  };
}

function nodeStats({ nodeName, reading, load, boardInterfaces, nowMs }: SummaryInput): object {
  const time = timestamp(nowMs);
  const available = load && { availableBytes: load.memory.totalBytes - load.memory.usedBytes };
  return {
    nodeName,
    startTime: timestamp(reading.bootedAtMs),
    cpu: cpuStats(time, reading.board, reading.usage),
    memory: { ...memoryStats(time, reading.board), ...available },
    ...(boardInterfaces ? { network: networkStats(time, boardInterfaces) } : {}),
    ...(load
      ? {
          fs: diskStats(load.time, load.disk),
          runtime: { imageFs: diskStats(load.time, load.imageDisk ?? load.disk) },
        }
      : {}),
  };
}

function podStats(uid: string, containers: readonly MeteredContainer[], input: SummaryInput): object {
  const time = timestamp(input.nowMs);
  const [first] = containers;
  const { namespace, name } = splitKey(first?.podKey ?? '');
  const starts = containers.flatMap(({ startedAt }) => startedAt ?? []).sort();
  const interfaces = input.podInterfaces.get(uid);
  const counters = sumOfAll(
    containers.map((container) => container.counters),
    ['cpuNs', 'workingSetBytes'],
  );
  const usage = sumOfAll(
    containers.map((container) => container.usage),
    ['cpuNanocores'],
  );
  return {
    podRef: { name, namespace, uid },
    ...startTime(starts[0]),
    containers: containers
      .filter(({ name }) => name !== undefined)
      .map((container) => containerStats(time, container)),
    cpu: cpuStats(time, counters, usage),
    memory: memoryStats(time, counters),
    ...(interfaces ? { network: networkStats(time, interfaces) } : {}),
  };
}

const containerStats = (time: string, { name, startedAt, counters, usage }: MeteredContainer): object => ({
  name,
  ...startTime(startedAt),
  cpu: cpuStats(time, counters, usage),
  memory: memoryStats(time, counters),
});

/** In whole seconds, as all times of this kind. */
const startTime = (startedAt: string | undefined): object =>
  startedAt ? { startTime: timestamp(Date.parse(startedAt)) } : {};

const cpuStats = (
  time: string,
  counters: Counters | undefined,
  usage: Partial<Usage> | undefined,
): object => ({
  time,
  ...(usage?.cpuNanocores === undefined ? {} : { usageNanoCores: usage.cpuNanocores }),
  ...(counters?.cpuNs === undefined ? {} : { usageCoreNanoSeconds: counters.cpuNs }),
});

const memoryStats = (time: string, counters: Counters | undefined): object => ({
  time,
  ...(counters?.workingSetBytes === undefined ? {} : { workingSetBytes: counters.workingSetBytes }),
});

/** The first one stands for all, as in upstream's summary. */
function networkStats(time: string, interfaces: readonly InterfaceCounters[]): object {
  return { time, ...interfaces[0], interfaces };
}

function diskStats(time: string, { totalBytes, usedBytes, availableBytes, inodes }: DiskUse): object {
  return {
    time,
    ...(availableBytes === undefined ? {} : { availableBytes }),
    capacityBytes: totalBytes,
    usedBytes,
    ...(inodes
      ? { inodesFree: inodes.free, inodes: inodes.total, inodesUsed: inodes.total - inodes.free }
      : {}),
  };
}
