// A pod as its board needs it.
import type { Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { withoutManagedFields } from './without-managed-fields.ts';

/**
 * Without what changes with every report of the board itself: a status write must not come back as a change.
 * A finished pod keeps its phase, so that a board that lost its memory does not run it again.
 */
export function desiredPod(pod: Pod): Pod {
  const { status, metadata, ...rest } = withoutManagedFields(pod);
  // The revision travels beside the pod, in the envelope.
  const withoutRevision = { ...metadata, resourceVersion: '' };
  const { phase, reason, message } = status ?? {};
  const kept = isFinished(pod)
    ? { status: { phase, ...(reason && { reason }), ...(message && { message }) } }
    : {};
  return { ...rest, metadata: withoutRevision, ...kept };
}
