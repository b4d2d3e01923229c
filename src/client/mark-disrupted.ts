// Says in the status of a pod that the cluster is about to end it, and why: Jobs and people tell that from a failure of
// the pod's own. https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
import { observing, withCondition } from '../api/conditions.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Client } from './client.ts';

const TYPE = 'DisruptionTarget';

export interface Disruption {
  /** Such as `PreemptionByScheduler`. */
  reason: string;
  message: string;
}

/** A pod that is gone meanwhile, or has made room for one of the same name, is left alone. */
export async function markDisrupted(
  client: Client,
  pod: Pod,
  disruption: Disruption,
  nowMs: number,
): Promise<void> {
  const condition = { type: TYPE, status: 'True', ...disruption, ...observing(pod) };
  const conditions = withCondition(pod.status?.conditions, condition, nowMs).filter(
    ({ type }) => type === TYPE,
  );
  const body = { metadata: { uid: pod.metadata.uid }, status: { conditions } };
  try {
    await client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
