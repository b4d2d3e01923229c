// Decides what to do about one pod: (wanted pod, engine's containers, record, memory, now) → typed actions.
// Pure and level-based: applied until it asks for nothing, the board matches; then it keeps asking for nothing.
import type { core, Pod } from '../../api/objects.ts';
import { isFinished } from '../../api/pod-phase.ts';
import { notesOn, refusalOf } from '../config/unsupported.ts';
import { newestByName } from '../records/absorb.ts';
import type { ContainerRecord } from '../records/pod-record.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import { finishedPhase } from '../status/pod-phase.ts';
import { decideStart, isOutdated, lookAgainIn, wait } from './decide-start.ts';
import type { Decision, PodAction } from './pod-actions.ts';
import type { PodWorld } from './pod-world.ts';
import { restartPolicyOf, shouldStart } from './restart-policy.ts';
import {
  decideStop,
  decideTeardown,
  graceSecondsOf,
  LATE_GRACE_SECONDS,
  remainingGraceSeconds,
} from './teardown.ts';

/** Net under the call that says that the network is there. */
const NETWORK_CHECK_MS = 5_000;

export function decidePod(world: PodWorld): Decision {
  const decision: Decision = { actions: [], waiting: new Map(), requeueAfterMs: undefined, gone: false };
  const pod = world.pod;
  if (!pod || pod.metadata.deletionTimestamp) {
    decideTeardown(world, remainingGraceSeconds(pod, world.nowMs), decision);
  } else if (world.record.finished) {
    settleFinished(world, decision);
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
function settleFinished(world: PodWorld, decision: Decision): void {
  for (const container of world.observed) {
    if (container.state !== 'running') continue;
    if (container.containerName === undefined) {
      decision.actions.push({ do: 'stopSandbox', containerId: container.id });
    } else {
      decideStop(
        world,
        container,
        LATE_GRACE_SECONDS,
        `Stopping container ${container.containerName}`,
        false,
        decision,
      );
    }
  }
}

function decideWanted(world: PodWorld, pod: Pod, decision: Decision): void {
  const phase = finishedPhase(pod, world.record);
  if (phase) {
    decision.actions.push({ do: 'finish', phase });
    return;
  }
  const refusal = refusalOf(pod);
  if (refusal && world.observed.length === 0) {
    refuse(pod, refusal, decision);
    return;
  }
  tellNotes(pod, decision);
  const sandboxes = world.observed.filter((c) => c.containerName === undefined);
  const sandbox = sandboxes.length === 1 ? sandboxes[0] : undefined;
  if (sandbox?.state === 'running') decideContainers(world, pod, decision);
  else if (world.observed.length > 0) decideRemake(world, decision);
  else decideSandbox(world, pod, decision);
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
    decideStop(world, container, LATE_GRACE_SECONDS, why, false, decision);
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
  const waitedMs = world.nowMs - Date.parse(world.record.startTime);
  if (waitedMs < NETWORK_CHECK_MS) return;
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

function decideContainers(world: PodWorld, pod: Pod, decision: Decision): void {
  const newest = newestByName(world.observed);
  dropLeftovers(world, pod, newest, decision);
  const pendingInit = nextInit(pod, newest);
  if (pendingInit) {
    for (const container of pod.spec.containers)
      wait(decision, container.name, { reason: 'PodInitializing' });
    decideContainer(world, pod, pendingInit, newest.get(pendingInit.name), decision);
    return;
  }
  for (const container of pod.spec.containers) {
    decideContainer(world, pod, container, newest.get(container.name), decision);
  }
}

/** Init containers run one after another, each to a good end, before any other; undefined when all did. */
function nextInit(pod: Pod, newest: ReadonlyMap<string, RuntimeContainer>): core.Container | undefined {
  if (pod.spec.containers.some((c) => newest.has(c.name))) return undefined;
  return (pod.spec.initContainers ?? []).find((container) => {
    const made = newest.get(container.name);
    return made?.state !== 'exited' || made.exitCode !== 0;
  });
}

function decideContainer(
  world: PodWorld,
  pod: Pod,
  container: core.Container,
  made: RuntimeContainer | undefined,
  decision: Decision,
): void {
  if (made?.state === 'running') {
    if (!isOutdated(container, made.specHash)) return;
    const why = `Container ${container.name} definition changed, will be restarted`;
    decideStop(world, made, graceSecondsOf(pod), why, true, decision);
    return;
  }
  const isInit = pod.spec.initContainers?.includes(container) ?? false;
  if (shouldRun(world.record.containers[container.name], pod, isInit))
    decideStart(world, container, decision);
}

function shouldRun(record: ContainerRecord | undefined, pod: Pod, isInit: boolean): boolean {
  const policy = restartPolicyOf(pod.spec);
  if (!isInit) return shouldStart(record, policy);
  // A new sandbox runs its init containers again, also those that ended well in the one before.
  return record?.ended?.exitCode === 0 || shouldStart(record, policy);
}

/** One dead predecessor of each container is kept, as upstream does, for people who look with podman. */
function dropLeftovers(
  world: PodWorld,
  pod: Pod,
  newest: ReadonlyMap<string, RuntimeContainer>,
  decision: Decision,
): void {
  const names = new Set([...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => c.name));
  for (const container of world.observed) {
    const name = container.containerName;
    if (name === undefined || newest.get(name) === container) {
      if (name !== undefined && !names.has(name)) remove(container, decision);
      continue;
    }
    const isPredecessor = container.attempt === (newest.get(name)?.attempt ?? 0) - 1;
    if (!isPredecessor || container.state !== 'exited') remove(container, decision);
  }
}

function remove(container: RuntimeContainer, decision: Decision): void {
  decision.actions.push({ do: 'removeContainer', containerId: container.id });
}
