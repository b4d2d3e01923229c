// All that a decision about one pod looks at. Built afresh for every pass; deciding never changes it.
import type { Pod } from '../../api/objects.ts';
import type { MetTimes } from '../../base/met-times.ts';
import type { Ending, PodRecord } from '../records/pod-record.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import type { PodAges } from './pod-ages.ts';

export interface ImageState {
  image: string;
  /** The attempt of the container that asked: with policy Always each attempt asks anew. */
  attempt: number;
  state: 'pulling' | 'ready' | 'failed';
  /** Counts failures in a row. */
  failures: number;
  reason?: string;
  message?: string;
  failedAtMs?: number;
  retryAtMs?: number;
}

/** A start that did not succeed and when to try again. Times are the clock's monotonic ones. */
export interface StartFailure {
  reason: string;
  message: string;
  failures: number;
  retryAtMs: number;
}

/** What the agent holds in memory about a pod; a restart of the agent loses it without harm. */
export interface PodMemory {
  images: Map<string, ImageState>;
  /** By container name. */
  startFailures: Map<string, StartFailure>;
  sandboxFailure: StartFailure | undefined;
  /** By container name: why one that runs could not be given what it was granted. */
  resizeFailures: Map<string, StartFailure>;
  /** Container id → until when its stop waits before it kills. */
  stopping: Map<string, number>;
  /** Container id → its postStart hook as this agent runs it, until that has ended well. */
  postStarts: Map<string, 'running' | 'failed'>;
  /** Events said already: topic → detail. */
  told: Map<string, string>;
  /** The board has taken the pod: asked once. */
  isAdmitted: boolean;
  /** Why the board is to end it, such as a pressure. */
  eviction: Ending | undefined;
  /** Since when the board needs what its containers hold, by the clock that never jumps. */
  unwantedAtMs: number | undefined;
  /** Its volumes are removed already, though it is still known. */
  hasNoVolumes: boolean;
  /** When what is on record happened, by the clock that never jumps. */
  met: MetTimes;
  /** Volumes, logs and the stored record are removed already. */
  forgotten: boolean;
}

export function newPodMemory(): PodMemory {
  return {
    images: new Map(),
    startFailures: new Map(),
    sandboxFailure: undefined,
    resizeFailures: new Map(),
    stopping: new Map(),
    postStarts: new Map(),
    told: new Map(),
    isAdmitted: false,
    eviction: undefined,
    unwantedAtMs: undefined,
    hasNoVolumes: false,
    met: new Map(),
    forgotten: false,
  };
}

export interface PodWorld {
  key: string;
  uid: string;
  /** The pod as the master wants it; `undefined` when it wants none with this uid. */
  pod: Pod | undefined;
  /** All of the pod that the engine has. */
  observed: readonly RuntimeContainer[];
  record: PodRecord;
  memory: PodMemory;
  nowMs: number;
  monotonicMs: number;
  ages: PodAges;
  /** Why no sandbox can be made yet, such as no pod range. */
  networkProblem: string | undefined;
  /** Why the board does not take it. */
  refusal: { reason: string; message: string } | undefined;
  /** Why the board does not grant the resize that the spec asks for: `Deferred` or `Infeasible`. */
  resizeProblem: { reason: string; message: string } | undefined;
}
