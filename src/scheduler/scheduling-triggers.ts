// Which pods are ours to place, and which changes of pods and boards are worth another try. Everything else,
// such as the condition that we write ourselves, wakes nobody.
import { isConditionTrue } from '../api/conditions.ts';
import type { Node, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';

export const DEFAULT_SCHEDULER = 'default-scheduler';

/** Waits for a board, and for us to find it. */
export function isPending(pod: Pod): boolean {
  const { nodeName, schedulerName } = pod.spec;
  const isOurs = (schedulerName ?? DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER;
  return !nodeName && isOurs && !pod.metadata.deletionTimestamp && !isFinished(pod);
}

/** Only a change of what is asked for counts: the condition that we write ourselves must not start us again. */
export function asksAnew(pod: Pod, previous: Pod): boolean {
  if (pod.metadata.uid !== previous.metadata.uid) return true;
  return (
    JSON.stringify([pod.spec, pod.metadata.labels]) !==
    JSON.stringify([previous.spec, previous.metadata.labels])
  );
}

/** Whether a pod that did not fit before might fit now. */
export function mayFitMore(node: Node, previous: Node): boolean {
  const isReady = (n: Node) => isConditionTrue(n.status?.conditions, 'Ready');
  const facts = (n: Node) =>
    JSON.stringify([n.spec, n.metadata.labels, n.status?.allocatable, n.status?.capacity, isReady(n)]);
  return facts(node) !== facts(previous);
}
