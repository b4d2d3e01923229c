// The typed steps that a decision may ask for, and what it has to say about containers that do not run.
import type { core } from '../../api/objects.ts';
import type { Ending } from '../records/pod-record.ts';

export interface Waiting {
  reason: string;
  message?: string;
}

/** SIGTERM, then SIGKILL after the grace; `why` is the text of the Killing event. */
export interface StopAction {
  do: 'stop';
  containerId: string;
  containerName: string;
  graceSeconds: number;
  why: string;
  /** What becomes of it: made afresh from a changed spec, run again by its policy as one that failed, or neither. */
  next: 'replace' | 'restart' | 'stay';
}

/** An event, said again only when `detail` of its topic has changed. */
export interface TellAction {
  do: 'tell';
  topic: string;
  detail: string;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  containerName?: string;
}

export type PodAction =
  | StopAction
  /** The pause container of a finished pod: frees its address and memory, keeps the others for their logs. */
  | { do: 'stopSandbox'; containerId: string }
  /** Everything of the pod in the engine. `remake`: it will be made afresh. */
  | { do: 'removeContainers'; remake: boolean }
  | { do: 'removeContainer'; containerId: string }
  /** Of a pod that has ended. */
  | { do: 'removeVolumes' }
  /** Volumes, record and logs: the pod is gone. */
  | { do: 'forget' }
  | { do: 'startSandbox'; attempt: number }
  | { do: 'ensureImage'; containerName: string; image: string; attempt: number; policy: ImagePolicy }
  | { do: 'startContainer'; containerName: string; attempt: number; backoffSteps: number }
  /** Its postStart hook, beside the passes. */
  | { do: 'postStart'; containerId: string; containerName: string }
  /** The board takes what the spec asks for. */
  | { do: 'allocate'; resources: Record<string, core.ResourceRequirements>; isResize: boolean }
  /** Of one that runs on. */
  | { do: 'resizeContainer'; containerId: string; containerName: string }
  | { do: 'finish'; phase: 'Succeeded' | 'Failed'; why?: Ending }
  | TellAction;

export type ImagePolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface Decision {
  actions: PodAction[];
  /** Why containers that should run do not, by container name. */
  waiting: Map<string, Waiting>;
  /** When to look again though nothing happens. */
  requeueAfterMs: number | undefined;
  /** Nothing of the pod is left on the board. */
  gone: boolean;
}
