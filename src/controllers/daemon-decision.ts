// What a DaemonSet needs done so that every board that should has one pod: a pure function of its boards.
// Source: pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode
import type { DaemonSet, Pod } from '../api/objects.ts';
import type { Board } from './daemon-boards.ts';
import { surgeOf } from './daemon-limits.ts';
import { isAvailable, isReady } from './pod-state.ts';
import { REVISION_LABEL } from './template-revision.ts';

export interface DaemonDecision {
  /** Names of boards that get a pod. */
  create: string[];
  remove: Pod[];
  /** Failed or done, which a daemon never is: each goes and is made anew, not too often. */
  ended: Pod[];
}

/** `hash` is that of the present revision. */
export function decideDaemons(
  daemonSet: DaemonSet,
  boards: readonly Board[],
  hash: string,
  nowMs: number,
): DaemonDecision {
  const decision: DaemonDecision = { create: [], remove: [], ended: [] };
  const surges = surgeOf(daemonSet, boards) > 0;
  for (const board of boards) {
    const staying = board.pods.filter(({ metadata }) => !metadata.deletionTimestamp);
    if (board.shouldRun && board.pods.length === 0) decision.create.push(board.name);
    else if (!board.mayStay) decision.remove.push(...staying);
    else {
      const running = staying.filter((pod) => !hasEnded(pod));
      decision.ended.push(...staying.filter(hasEnded));
      decision.remove.push(...(surges ? afterSurge(daemonSet, running, hash, nowMs) : running.slice(1)));
    }
  }
  return decision;
}

/** While surging a board may have one old and one new pod: the old one goes once the new one can do its work. */
function afterSurge(daemonSet: DaemonSet, running: readonly Pod[], hash: string, nowMs: number): Pod[] {
  const isNew = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL] === hash;
  const [newest, ...moreNew] = running.filter(isNew);
  const [oldest, ...moreOld] = running.filter((pod) => !isNew(pod));
  const extra = [...moreNew, ...moreOld];
  if (!newest || !oldest) return extra;
  const isDone = !isReady(oldest) || isAvailable(newest, daemonSet.spec.minReadySeconds ?? 0, nowMs);
  return isDone ? [...extra, oldest] : extra;
}

const hasEnded = ({ status }: Pod) => status?.phase === 'Failed' || status?.phase === 'Succeeded';
