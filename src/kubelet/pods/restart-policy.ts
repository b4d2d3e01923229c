// When a container that ended runs again: the restart policy and Kubernetes' back-off.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
import type { core } from '../../api/objects.ts';
import { exponentialBackoffMs } from '../../base/backoff.ts';
import type { ContainerRecord, Termination } from '../records/pod-record.ts';

type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

const RESTART_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };
/** A container that ran this long starts its back-off anew. */
const TRUSTED_RUN_MS = 600_000;
const UNSEEN_ENDS: ReadonlySet<string> = new Set(['Unknown', 'ContainerStatusUnknown']);

/** Of one container: sidecars run as long as the pod does. */
export function containerPolicyOf(spec: core.PodSpec, container: core.Container): RestartPolicy {
  return isSidecar(spec, container) ? 'Always' : restartPolicyOf(spec);
}

/**
 * An init container that runs beside the others.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export function isSidecar(spec: core.PodSpec, container: core.Container): boolean {
  return container.restartPolicy === 'Always' && (spec.initContainers?.includes(container) ?? false);
}

export function restartPolicyOf(spec: { restartPolicy?: string } | undefined): RestartPolicy {
  const policy = spec?.restartPolicy;
  return policy === 'OnFailure' || policy === 'Never' ? policy : 'Always';
}

/** True when the container has to run (again) as far as its own end tells. */
export function shouldStart(record: ContainerRecord | undefined, policy: RestartPolicy): boolean {
  if (!record) return true;
  if (!record.ended) return false;
  if (record.replacing || policy === 'Always') return true;
  return policy === 'OnFailure' && (record.unhealthy === true || record.ended.exitCode !== 0);
}

interface RestartDelay {
  /** Still to wait. */
  waitMs: number;
  /** The whole back-off, as the message says it. */
  backoffMs: number;
  /** What the next attempt carries on with. */
  nextSteps: number;
}

/** The first restart is immediate, then 10 s doubling to 5 min after the end of the attempt before, `sinceEndMs` ago. */
export function restartDelay(record: ContainerRecord | undefined, sinceEndMs = 0): RestartDelay {
  if (!record?.ended) return { waitMs: 0, backoffMs: 0, nextSteps: 0 };
  // Its end was not its own doing: the spec changed, the power failed, the container was taken away.
  if (record.replacing || UNSEEN_ENDS.has(record.ended.reason))
    return { waitMs: 0, backoffMs: 0, nextSteps: record.backoffSteps };
  const steps = ranMs(record.ended) >= TRUSTED_RUN_MS ? 0 : record.backoffSteps;
  const backoffMs = steps === 0 ? 0 : exponentialBackoffMs(RESTART_BACKOFF, steps);
  return { waitMs: Math.max(0, backoffMs - sinceEndMs), backoffMs, nextSteps: steps + 1 };
}

function ranMs(ended: Termination): number {
  return ended.startedAt ? Date.parse(ended.finishedAt) - Date.parse(ended.startedAt) : 0;
}

/** A duration as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
