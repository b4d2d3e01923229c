// Decides what to do about one pod: (wanted pod, engine's containers, record, memory, now) → typed actions.
// Pure and level-based: applied until it asks for nothing, the board matches; then it keeps asking for nothing.
import type { Pod } from '../../api/objects.ts';
import { isFinished } from '../../api/pod-phase.ts';
import { forbiddenSysctl } from '../config/sysctls.ts';
import { notesOn, refusalOf } from '../config/unsupported.ts';
import { finishedPhase } from '../status/pod-phase.ts';
import { decideContainers } from './decide-containers.ts';
import { decideAllocation } from './decide-resize.ts';
import { lookAgainIn, wait } from './decide-start.ts';
import type { Decision, PodAction } from './pod-actions.ts';
import type { PodWorld } from './pod-world.ts';
import {
  decideStop,
  decideStops,
  decideTeardown,
  graceSecondsOf,
  LATE_GRACE_SECONDS,
  remainingGraceSeconds,
} from './teardown.ts';

const EVICTED = 'Evicted';
/** A board that runs out of memory cannot wait for a pod to tidy up; upstream's hard evictions give as much. */
const EVICTION_GRACE_SECONDS = 1;

/** Net under the call that says that the network is there. */
const NETWORK_CHECK_MS = 5_000;

export function decidePod(world: PodWorld): Decision {
  const decision: Decision = { actions: [], waiting: new Map(), requeueAfterMs: undefined, gone: false };
  const pod = world.pod;
  if (!pod || pod.metadata.deletionTimestamp) {
    decideTeardown(world, remainingGraceSeconds(pod, world.nowMs), decision);
  } else if (world.record.finished) {
    settleFinished(world, pod, decision);
  } else if (isFinishedElsewhere(world, pod)) {
    decision.actions.push({ do: 'finish', phase: pod.status?.phase as 'Succeeded' | 'Failed' });
  } else {
    decideWanted(world, pod, decision);
  }
  decision.actions = decision.actions.filter((action) => !isToldAlready(world, action));
  return decision;
}

function isToldAlready(world: PodWorld, action: PodAction): boolean {
  return action.do === 'tell' && world.memory.told.get(action.topic) === action.detail;
}

/** The master knows that the pod has run to its end and this board has no trace of it (a new SD card). */
function isFinishedElsewhere(world: PodWorld, pod: Pod): boolean {
  return isFinished(pod) && world.observed.length === 0 && world.record.sandboxAttempt < 0;
}

/** Exited containers stay for their logs; the address and the pause process are given back. */
function settleFinished(world: PodWorld, pod: Pod, decision: Decision): void {
  const isEvicted = world.record.finishedFor?.reason === EVICTED;
  if (decideStops(world, isEvicted ? EVICTION_GRACE_SECONDS : graceSecondsOf(pod), decision)) return;
  if (isEvicted || world.memory.unwantedAtMs !== undefined) {
    giveBack(world, decision);
    return;
  }
  for (const container of world.observed) {
    if (container.state === 'running')
      decision.actions.push({ do: 'stopSandbox', containerId: container.id });
  }
}

/** What the board ended it for: its layers first, then its emptyDirs. */
function giveBack({ observed, memory }: PodWorld, decision: Decision): void {
  if (observed.length > 0) decision.actions.push({ do: 'removeContainers', remake: false });
  else if (!memory.hasNoVolumes) decision.actions.push({ do: 'removeVolumes' });
}

/** A pod may say how long it may take; upstream counts from its status' startTime too. */
function decideDeadline(world: PodWorld, pod: Pod, decision: Decision): boolean {
  const { activeDeadlineSeconds } = pod.spec;
  if (activeDeadlineSeconds === undefined) return false;
  const leftMs = activeDeadlineSeconds * 1000 - world.ages.sinceStartMs;
  if (leftMs > 0) {
    lookAgainIn(decision, leftMs);
    return false;
  }
  const why = {
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  };
  decision.actions.push({ do: 'tell', topic: 'deadline', detail: why.reason, type: 'Normal', ...why });
  decision.actions.push({ do: 'finish', phase: 'Failed', why });
  return true;
}

function decideWanted(world: PodWorld, pod: Pod, decision: Decision): void {
  const phase = finishedPhase(pod, world.record);
  if (phase) {
    decision.actions.push({ do: 'finish', phase });
    return;
  }
  if (decideEviction(world, decision)) return;
  if (decideDeadline(world, pod, decision)) return;
  if (decideRejection(world, pod, decision)) return;
  const refusal = refusalOf(pod);
  if (refusal && world.observed.length === 0) {
    refuse(pod, refusal, decision);
    return;
  }
  tellNotes(pod, decision);
  decideAllocation(world, pod, decision);
  const sandboxes = world.observed.filter((c) => c.containerName === undefined);
  const sandbox = sandboxes.length === 1 ? sandboxes[0] : undefined;
  if (sandbox?.state === 'running') decideContainers(world, pod, decision);
  else if (world.observed.length > 0) decideRemake(world, decision);
  else decideSandbox(world, pod, decision);
}

/** The board lacks something and has chosen this pod to give it back. */
function decideEviction({ memory: { eviction } }: PodWorld, decision: Decision): boolean {
  if (!eviction) return false;
  const { reason, message } = eviction;
  decision.actions.push({ do: 'tell', topic: 'eviction', detail: message, type: 'Warning', reason, message });
  decision.actions.push({ do: 'finish', phase: 'Failed', why: eviction });
  return true;
}

/** A board that may not run the pod ends it, as upstream's admission: whoever made it may try elsewhere. */
function decideRejection(world: PodWorld, pod: Pod, decision: Decision): boolean {
  const sysctl = world.observed.length === 0 ? forbiddenSysctl(pod.spec) : undefined;
  const why = sysctl ? { reason: 'SysctlForbidden', message: sysctl } : world.refusal;
  if (!why) return false;
  const { reason, message } = why;
  decision.actions.push({
    do: 'tell',
    topic: 'rejection',
    detail: message,
    type: 'Warning',
    reason,
    message,
  });
  const ending = { reason, message: `Pod was rejected: ${message}`, isRejection: true };
  decision.actions.push({ do: 'finish', phase: 'Failed', why: ending });
  return true;
}

function refuse(pod: Pod, message: string, decision: Decision): void {
  waitAll(pod, decision, 'CreateContainerConfigError', message);
  const event = { type: 'Warning', reason: 'Unsupported', message } as const;
  decision.actions.push({ do: 'tell', topic: 'refusal', detail: message, ...event });
}

/** What the pod asks for and gets without: said once, so that nothing is ignored silently. */
function tellNotes(pod: Pod, decision: Decision): void {
  const message = notesOn(pod);
  if (!message) return;
  const event = { type: 'Warning', reason: 'Unsupported', message } as const;
  decision.actions.push({ do: 'tell', topic: 'notes', detail: message, ...event });
}

/** The pause container is gone: so are network and IPC of the others. All of the pod is made afresh. */
function decideRemake(world: PodWorld, decision: Decision): void {
  const running = world.observed.filter((c) => c.containerName !== undefined && c.state === 'running');
  for (const container of running) {
    const why = `Stopping container ${container.containerName}`;
    decideStop(world, container, { graceSeconds: LATE_GRACE_SECONDS, why, next: 'stay' }, decision);
  }
  if (running.length === 0) decision.actions.push({ do: 'removeContainers', remake: true });
}

function decideSandbox(world: PodWorld, pod: Pod, decision: Decision): void {
  const failure = world.memory.sandboxFailure;
  if (world.networkProblem && !pod.spec.hostNetwork) {
    waitForNetwork(world, pod, world.networkProblem, decision);
    return;
  }
  waitAll(pod, decision, 'ContainerCreating', failure?.message);
  if (failure && failure.retryAtMs > world.monotonicMs) {
    lookAgainIn(decision, failure.retryAtMs - world.monotonicMs);
    return;
  }
  decision.actions.push({ do: 'startSandbox', attempt: world.record.sandboxAttempt + 1 });
}

/** A board that has just come gets its range within moments: only what lasts is worth an event. */
function waitForNetwork(world: PodWorld, pod: Pod, problem: string, decision: Decision): void {
  const message = `network is not ready: ${problem}`;
  waitAll(pod, decision, 'ContainerCreating', message);
  lookAgainIn(decision, NETWORK_CHECK_MS);
  if (world.ages.sinceStartMs < NETWORK_CHECK_MS) return;
  const event = { type: 'Warning', reason: 'NetworkNotReady', message } as const;
  decision.actions.push({ do: 'tell', topic: 'network', detail: message, ...event });
}

function waitAll(pod: Pod, decision: Decision, reason: string, message: string | undefined): void {
  const inits = pod.spec.initContainers ?? [];
  for (const container of inits) wait(decision, container.name, { reason, message });
  for (const container of pod.spec.containers) {
    wait(
      decision,
      container.name,
      inits.length > 0 ? { reason: 'PodInitializing', message } : { reason, message },
    );
  }
}
