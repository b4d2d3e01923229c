// What a board's report does to the stored pod. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { core, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { RESIZE_IN_PROGRESS, RESIZE_PENDING } from '../api/pod-resize.ts';
import { isMirrorPod, uidOnBoard } from '../api/static-pod.ts';
import type { ObservedPodMessage } from '../mqtt/messages.ts';

type ObservedAction =
  | { do: 'nothing' }
  /** Write this pod's status. */
  | { do: 'write'; pod: Pod }
  /** The board is done with a pod that is being deleted: the second half of the handshake. */
  | { do: 'remove'; uid: string };

/** `report` comes from the board that the pod is bound to. */
export function observedAction(pod: Pod, report: ObservedPodMessage): ObservedAction {
  // A report on an earlier pod of the same name says nothing of this one.
  if (report.uid !== uidOnBoard(pod)) return { do: 'nothing' };
  if (report.terminated && pod.metadata.deletionTimestamp && !isMirrorPod(pod))
    return { do: 'remove', uid: report.uid };
  const status = mergedStatus(pod.status ?? {}, report.status);
  // A finished pod stays finished, whatever a late report says.
  const goesBack = isFinished(pod) && status.phase !== pod.status?.phase;
  if (goesBack || isDeepStrictEqual(status, pod.status)) return { do: 'nothing' };
  return { do: 'write', pod: { ...pod, status } };
}

/** The board's alone: not reported, they are over. */
const COME_AND_GO: readonly string[] = [RESIZE_PENDING, RESIZE_IN_PROGRESS];

/** The board's word, with what others own: the QoS class and conditions that it does not report. */
function mergedStatus(stored: core.PodStatus, reported: core.PodStatus): core.PodStatus {
  const types = new Set([...COME_AND_GO, ...(reported.conditions ?? []).map(({ type }) => type)]);
  const others = (stored.conditions ?? []).filter(({ type }) => !types.has(type));
  const conditions = [...others, ...(reported.conditions ?? [])];
  const { qosClass } = stored;
  return { ...reported, ...(qosClass ? { qosClass } : {}), ...(conditions.length > 0 ? { conditions } : {}) };
}
