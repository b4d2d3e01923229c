// What the board itself remembers of a pod: podman forgets exit codes in a power cut and with each container
// that is removed. Plain JSON; it changes only when something happened to the pod.
import type { core } from '../../api/objects.ts';
import type { ProbeVerdicts } from '../probes/probe.ts';

/** How one attempt of a container ended. Times are RFC 3339. */
export interface Termination {
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, `Unknown`. */
  reason: string;
  message?: string;
  startedAt?: string;
  finishedAt: string;
  containerId?: string;
}

export interface ContainerRecord {
  /** The newest attempt; counts from 0, so it is the restart count as well. */
  attempt: number;
  containerId?: string;
  startedAt?: string;
  specHash: string;
  image: string;
  imageId: string;
  /** How the newest attempt ended; absent while it runs. */
  ended?: Termination;
  /** How the attempt before it ended. */
  previous?: Termination;
  /** Restarts since the container last ran long enough to be trusted again. */
  backoffSteps: number;
  /** It was stopped to be made afresh, whatever the restart policy says. */
  replacing?: boolean;
  /** It was stopped because a probe or its postStart hook failed: OnFailure restarts it whatever its exit code. */
  unhealthy?: boolean;
  /** Its postStart hook has not ended well yet: an agent that finds it so runs it again (at least once). */
  isInPostStart?: boolean;
  /** Requests and limits that it has now; absent where it has none. */
  resources?: core.ResourceRequirements;
  /** What the probes of this attempt have found. */
  verdicts?: ProbeVerdicts;
}

export interface ConditionRecord {
  status: 'True' | 'False' | 'Unknown';
  since: string;
}

/** Why the board ended a pod, such as `DeadlineExceeded`. */
export interface Ending {
  reason: string;
  message: string;
  /** For the board's own sake, whatever the pod did: its controller need not count it as a failure. */
  isDisruption?: boolean;
  /** The board never took it: of its containers there is nothing to say. */
  isRejection?: boolean;
}

export interface PodRecord {
  uid: string;
  key: string;
  /** When this board first saw the pod. */
  startTime: string;
  /** The newest sandbox; -1 before the first. */
  sandboxAttempt: number;
  podIP?: string | undefined;
  /** Its second address, where the sandbox was given one. */
  podIPv6?: string | undefined;
  /** While it has none: the address of its last sandbox, which the next one asks for. */
  podIPBefore?: string | undefined;
  containers: Record<string, ContainerRecord>;
  conditions: Record<string, ConditionRecord>;
  /** What the board has granted, by container; absent while none asks for anything. */
  allocated?: Record<string, core.ResourceRequirements>;
  /** Set once and for good: a finished pod never runs again. */
  finished?: 'Succeeded' | 'Failed';
  finishedFor?: Ending;
}

export function newPodRecord(uid: string, key: string, startTime: string): PodRecord {
  return { uid, key, startTime, sandboxAttempt: -1, containers: {}, conditions: {} };
}
