// How many boards may be without, or with a second, daemon pod during a rolling update.
// https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
import type { DaemonSet } from '../api/objects.ts';
import type { Board } from './daemon-boards.ts';

/** Of all boards that should run a pod; shares are rounded up. */
export function unavailableLimit(daemonSet: DaemonSet, boards: readonly Board[]): number {
  const { maxUnavailable } = daemonSet.spec.updateStrategy?.rollingUpdate ?? {};
  const limit = amountOf(maxUnavailable ?? 1, boards);
  // With neither an update would never begin.
  return limit === 0 && surgeOf(daemonSet, boards) === 0 ? 1 : limit;
}

/** 0 = the old pod goes before the new one comes. */
export function surgeOf(daemonSet: DaemonSet, boards: readonly Board[]): number {
  const { type, rollingUpdate } = daemonSet.spec.updateStrategy ?? {};
  return type === 'RollingUpdate' ? amountOf(rollingUpdate?.maxSurge ?? 0, boards) : 0;
}

function amountOf(amount: number | string, boards: readonly Board[]): number {
  if (typeof amount === 'number') return amount;
  const desired = boards.filter(({ shouldRun }) => shouldRun).length;
  return Math.ceil((desired * Number.parseInt(amount, 10)) / 100);
}
