// Rather the board with more room, and rather one whose CPU and memory fill up evenly.
// https://kubernetes.io/docs/concepts/scheduling-eviction/resource-bin-packing/
import type { Resources } from '../node-usage.ts';
import type { Score } from './score.ts';

export const leastAllocated: Score = ({ load, usages }) => {
  const more = load.assumed;
  return usages.map(({ assumedUse, allocatable }) => {
    const shares = [
      ...freeShare(assumedUse.cpuMillis + more.cpuMillis, allocatable.cpuMillis),
      ...freeShare(assumedUse.memoryBytes + more.memoryBytes, allocatable.memoryBytes),
    ];
    return shares.length === 0
      ? 0
      : Math.trunc(shares.reduce((sum, share) => sum + share, 0) / shares.length);
  });
};

/** Nothing of what the board does not have at all: that counts neither for nor against it. */
function freeShare(used: number, there: number): number[] {
  if (there <= 0) return [];
  return [used >= there ? 0 : Math.trunc(((there - used) * 100) / there)];
}

/**
 * 75 where the board stays as even as it is, up to 100 where the pod evens it out, down to 50 where it does the
 * opposite; a pod that requests nothing does neither. Source: pkg/scheduler/framework/plugins/noderesources
 */
export const balancedAllocation: Score = ({ load: { requests }, usages }) => {
  if (requests.cpuMillis === 0 && requests.memoryBytes === 0) return undefined;
  return usages.map(({ used, allocatable }) => {
    const cpu = used.cpuMillis + requests.cpuMillis;
    const memory = used.memoryBytes + requests.memoryBytes;
    const before = evenness(used.cpuMillis, used.memoryBytes, allocatable);
    return 50 + Math.trunc((50 + evenness(cpu, memory, allocatable) - before) / 2);
  });
};

/** 100 less the standard deviation of the used shares, which of two is half their difference; one alone has none. */
function evenness(cpuMillis: number, memoryBytes: number, there: Resources): number {
  if (there.cpuMillis <= 0 || there.memoryBytes <= 0) return 100;
  const difference = usedShare(cpuMillis, there.cpuMillis) - usedShare(memoryBytes, there.memoryBytes);
  return Math.trunc((1 - Math.abs(difference / 2)) * 100);
}

const usedShare = (used: number, there: number): number => Math.min(used / there, 1);
