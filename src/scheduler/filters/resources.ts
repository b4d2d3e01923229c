// Room on the board: CPU, memory, disk, extended resources and the number of pods.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
import type { NodeUsage, PodLoad } from '../node-usage.ts';
import type { Filter, Rejection } from './filter.ts';

/** A name, what is asked for, what is taken and what there is. */
type Demand = readonly [name: string, wanted: number, taken: number, there: number];

export const resources: Filter = {
  name: 'NodeResourcesFit',
  prepare: (load) => {
    const { cpuMillis, memoryBytes, ephemeralStorageBytes, extended } = load.requests;
    const extendedNames = Object.keys(extended);
    const asksNothing = cpuMillis + memoryBytes + ephemeralStorageBytes === 0 && extendedNames.length === 0;
    return (usage) => {
      const isFull = usage.pods.size + 1 > usage.maxPods;
      return asksNothing && !isFull ? undefined : rejection(isFull, demands(load, usage, extendedNames));
    };
  },
};

function demands(
  { requests }: PodLoad,
  { used, allocatable }: NodeUsage,
  extended: readonly string[],
): Demand[] {
  const plain = ['cpuMillis', 'memoryBytes', 'ephemeralStorageBytes'] as const;
  const names = ['cpu', 'memory', 'ephemeral-storage'] as const;
  return [
    ...plain.map((field, i): Demand => [names[i] ?? '', requests[field], used[field], allocatable[field]]),
    ...extended.map(
      (name): Demand => [
        name,
        requests.extended[name] ?? 0,
        used.extended[name] ?? 0,
        allocatable.extended[name] ?? 0,
      ],
    ),
  ];
}

/** A pod that asks for nothing fits even where others took too much. */
function rejection(isFull: boolean, all: readonly Demand[]): Rejection | undefined {
  const missing = all.filter(([, wanted, taken, there]) => wanted > 0 && wanted > there - taken);
  if (!isFull && missing.length === 0) return undefined;
  return {
    reasons: [...(isFull ? ['Too many pods'] : []), ...missing.map(([name]) => `Insufficient ${name}`)],
    // What the empty board does not have, no preemption brings.
    isFinal: missing.some(([, wanted, , there]) => wanted > there),
  };
}
