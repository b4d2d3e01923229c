// The next step of a DaemonSet's rolling update: a pure function of its boards. Old pods that do no work are
// replaced first and without limit; of the others never more at a time than maxUnavailable or maxSurge allow.
// Source: pkg/controller/daemon/update.go rollingUpdate
import type { DaemonSet, Pod } from '../api/objects.ts';
import type { Board } from './daemon-boards.ts';
import { surgeOf, unavailableLimit } from './daemon-limits.ts';
import { isAvailable } from './pod-state.ts';
import { REVISION_LABEL } from './template-revision.ts';

interface UpdateStep {
  /** Names of boards that get a second, new pod. */
  create: string[];
  remove: Pod[];
}

interface BoardPods {
  board: Board;
  /** More than one of each, or one that is going: others put that in order first. */
  isUnsettled: boolean;
  newPod: Pod | undefined;
  oldPod: Pod | undefined;
}

export function decideDaemonUpdate(
  daemonSet: DaemonSet,
  boards: readonly Board[],
  hash: string,
  nowMs: number,
): UpdateStep {
  const isUp = (pod: Pod) => isAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, nowMs);
  const views = boards.filter(({ shouldRun, pods }) => shouldRun || pods.length > 0).map(viewOf(hash));
  const surge = surgeOf(daemonSet, boards);
  if (surge > 0) return surgeStep(views, surge, isUp);
  return { create: [], remove: replaceStep(views, unavailableLimit(daemonSet, boards), isUp) };
}

function viewOf(hash: string): (board: Board) => BoardPods {
  return (board) => {
    const isNew = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL] === hash;
    const [newPod, ...moreNew] = board.pods.filter(isNew);
    const [oldPod, ...moreOld] = board.pods.filter((pod) => !isNew(pod));
    const isGoing = board.pods.some(({ metadata }) => metadata.deletionTimestamp);
    return { board, newPod, oldPod, isUnsettled: isGoing || moreNew.length + moreOld.length > 0 };
  };
}

function replaceStep(views: readonly BoardPods[], limit: number, isUp: (pod: Pod) => boolean): Pod[] {
  let unavailable = 0;
  const idle: Pod[] = [];
  const working: Pod[] = [];
  for (const { isUnsettled, newPod, oldPod } of views) {
    const isUpdated = !isUnsettled && !oldPod && newPod !== undefined;
    if (isUpdated) unavailable += isUp(newPod) ? 0 : 1;
    else if (isUnsettled || !oldPod || newPod) unavailable += 1;
    else (isUp(oldPod) ? working : idle).push(oldPod);
  }
  return [...idle, ...working.slice(0, Math.max(limit - unavailable - idle.length, 0))];
}

function surgeStep(views: readonly BoardPods[], limit: number, isUp: (pod: Pod) => boolean): UpdateStep {
  let surging = 0;
  const step: UpdateStep = { create: [], remove: [] };
  const candidates: string[] = [];
  for (const { board, isUnsettled, newPod, oldPod } of views) {
    if (isUnsettled) surging += 1;
    else if (oldPod && newPod) {
      if (isUp(oldPod)) surging += 1;
      if (!isUp(oldPod) || isUp(newPod)) step.remove.push(oldPod);
    } else if (oldPod) (isUp(oldPod) ? candidates : step.create).push(board.name);
  }
  step.create.push(...candidates.slice(0, Math.max(limit - surging, 0)));
  return step;
}
