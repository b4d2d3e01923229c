// What a board says of its containers' use, made from their windows: a pod is left out until each of its running
// containers has a figure, so that a sum is never of a part. Pure.
import { sumOfAll } from './sum-of-all.ts';
import type { Usage } from './usage-window.ts';

/** CPU in billionths of a core, memory in bytes, absent = not known. */
export interface Amounts {
  cpuNanocores?: number;
  workingSetBytes?: number;
}

export interface PodReport extends Amounts {
  uid: string;
  /** Shortest of its containers'. */
  windowMs: number;
  /** By name; the pause container counts in the pod's own sums only. */
  containers: Record<string, Amounts>;
}

export interface MetricsReport {
  node: (Amounts & { windowMs: number }) | undefined;
  /** By `namespace/name`. */
  pods: Record<string, PodReport>;
}

export interface MeasuredContainer {
  podKey: string;
  podUid: string;
  /** `undefined` for the pause container. */
  name: string | undefined;
  usage: Usage | undefined;
}

export function podReports(measured: readonly MeasuredContainer[]): Record<string, PodReport> {
  const pods: Record<string, PodReport> = {};
  for (const [key, group] of Map.groupBy(measured, ({ podKey }) => podKey)) {
    const report = podReport(group);
    if (report) pods[key] = report;
  }
  return pods;
}

function podReport(group: readonly MeasuredContainer[]): PodReport | undefined {
  const usages: Usage[] = [];
  const containers: Record<string, Amounts> = {};
  for (const { name, usage } of group) {
    if (!usage) return undefined;
    const { windowMs: _window, ...amounts } = usage;
    usages.push(usage);
    if (name !== undefined) containers[name] = amounts;
  }
  if (Object.keys(containers).length === 0) return undefined;
  const windowMs = Math.min(...usages.map((usage) => usage.windowMs));
  return {
    uid: group[0]?.podUid ?? '',
    ...sumOfAll(usages, ['cpuNanocores', 'workingSetBytes']),
    windowMs,
    containers,
  };
}
