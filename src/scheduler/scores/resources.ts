// Rather the board with more room, and rather one whose CPU and memory fill up evenly.
// https://kubernetes.io/docs/concepts/scheduling-eviction/resource-bin-packing/
import { assumedRequests } from '../node-usage.ts';
import type { Score } from './score.ts';

export const leastAllocated: Score = ({ load, usages }) => {
  const more = assumedRequests(load);
  return usages.map(({ assumedUse, allocatable }) => {
    const cpu = freeShare(assumedUse.cpuMillis + more.cpuMillis, allocatable.cpuMillis);
    const memory = freeShare(assumedUse.memoryBytes + more.memoryBytes, allocatable.memoryBytes);
    return Math.trunc((cpu + memory) / 2);
  });
};

function freeShare(used: number, there: number): number {
  return there <= 0 || used >= there ? 0 : Math.trunc(((there - used) * 100) / there);
}

/** 100 less the standard deviation of the used shares; a pod that requests nothing unbalances nothing. */
export const balancedAllocation: Score = ({ load: { requests }, usages }) => {
  if (requests.cpuMillis === 0 && requests.memoryBytes === 0) return undefined;
  return usages.map(({ used, allocatable }) => {
    const cpu = usedShare(used.cpuMillis + requests.cpuMillis, allocatable.cpuMillis);
    const memory = usedShare(used.memoryBytes + requests.memoryBytes, allocatable.memoryBytes);
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * 100);
  });
};

const usedShare = (used: number, there: number): number => (there <= 0 ? 1 : Math.min(used / there, 1));
