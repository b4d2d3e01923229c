// Which containers of a pod with a living sandbox run, start, stop or go. Pure; adds to the decision.
// Order: init containers one by one, sidecars among them staying, then the others side by side.
// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
import type { core, Pod } from '../../api/objects.ts';
import { failedProbe, isStarted, probeOf } from '../probes/probe.ts';
import { newestByName } from '../records/absorb.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import { resizeOf } from './allocation.ts';
import { decideStart, isOutdated, lookAgainIn, wait } from './decide-start.ts';
import type { Decision } from './pod-actions.ts';
import { allContainersOf, ephemeralContainersOf } from './pod-entry.ts';
import type { PodWorld } from './pod-world.ts';
import { containerPolicyOf, isSidecar, shouldStart } from './restart-policy.ts';
import { decideStop, graceSecondsOf } from './teardown.ts';

export function decideContainers(world: PodWorld, pod: Pod, decision: Decision): void {
  const newest = newestByName(world.observed);
  dropLeftovers(world, pod, newest, decision);
  const mayStart = decideInits(world, pod, newest, decision);
  let isHeldBack = false;
  for (const container of pod.spec.containers) {
    const made = newest.get(container.name);
    if (!mayStart) wait(decision, container.name, { reason: 'PodInitializing' });
    else if (isHeldBack && !made) wait(decision, container.name, { reason: 'ContainerCreating' });
    else decideContainer(world, pod, container, made, decision);
    // As upstream, which people rely on: the next one starts when this one's postStart hook is done.
    isHeldBack ||= isInPostStart(world, made) || isOnItsWay(world, container, decision);
  }
  decideEphemeral(world, pod, newest, decision);
}

/** Those of `kubectl debug`: started once, as soon as the pod has a sandbox, and never again. */
function decideEphemeral(
  world: PodWorld,
  pod: Pod,
  newest: ReadonlyMap<string, RuntimeContainer>,
  decision: Decision,
): void {
  for (const container of ephemeralContainersOf(pod)) {
    const isNew = !newest.has(container.name) && !world.record.containers[container.name];
    if (isNew) decideStart(world, container, decision);
  }
}

/** Whether the pod's other containers may start. Once one has, only sidecars are looked after. */
function decideInits(
  world: PodWorld,
  pod: Pod,
  newest: ReadonlyMap<string, RuntimeContainer>,
  decision: Decision,
): boolean {
  const isPast = pod.spec.containers.some((c) => newest.has(c.name));
  for (const container of pod.spec.initContainers ?? []) {
    const made = newest.get(container.name);
    const stays = isSidecar(pod.spec, container);
    if (stays ? isUp(world, container, made) : isPast || hasDone(made)) {
      if (stays) decideContainer(world, pod, container, made, decision);
      continue;
    }
    decideContainer(world, pod, container, made, decision);
    if (!isPast) return false;
  }
  return true;
}

function hasDone(made: RuntimeContainer | undefined): boolean {
  return made?.state === 'exited' && made.exitCode === 0;
}

/** A sidecar that the next container may count on. */
function isUp(world: PodWorld, container: core.Container, made: RuntimeContainer | undefined): boolean {
  if (made?.state !== 'running' || isInPostStart(world, made)) return false;
  return isStarted(container, world.record.containers[container.name]?.verdicts);
}

function isInPostStart(world: PodWorld, made: RuntimeContainer | undefined): boolean {
  if (made?.state !== 'running' || world.memory.postStarts.get(made.id) === 'failed') return false;
  const record = world.record.containers[made.containerName ?? ''];
  return record?.containerId === made.id && record.isInPostStart === true;
}

/** It will run a hook as soon as it is made; one that waits for something to be mended holds up nobody. */
function isOnItsWay({ memory }: PodWorld, { name, lifecycle }: core.Container, decision: Decision): boolean {
  if (!lifecycle?.postStart) return false;
  const isPulling = memory.images.get(name)?.state === 'pulling';
  const steps = ['startContainer', 'ensureImage'];
  return (
    isPulling ||
    decision.actions.some((a) => steps.includes(a.do) && 'containerName' in a && a.containerName === name)
  );
}

function decideContainer(
  world: PodWorld,
  pod: Pod,
  container: core.Container,
  made: RuntimeContainer | undefined,
  decision: Decision,
): void {
  if (made?.state === 'running') {
    decideRunning(world, pod, container, made, decision);
    return;
  }
  if (shouldRun(world, pod, container)) decideStart(world, container, decision);
}

function decideRunning(
  world: PodWorld,
  pod: Pod,
  container: core.Container,
  made: RuntimeContainer,
  decision: Decision,
): void {
  const { name } = container;
  if (isOutdated(container, made.specHash)) {
    const why = `Container ${name} definition changed, will be restarted`;
    decideStop(world, made, { graceSeconds: graceSecondsOf(pod), why, next: 'replace' }, decision);
    return;
  }
  if (decideResize(world, pod, container, made, decision)) return;
  if (isInPostStart(world, made) && !world.memory.postStarts.has(made.id))
    decision.actions.push({ do: 'postStart', containerId: made.id, containerName: name });
  const failed = failedProbe(container, world.record.containers[name]?.verdicts);
  if (!failed && world.memory.postStarts.get(made.id) !== 'failed') return;
  const what = failed
    ? `Container ${name} failed ${failed} probe`
    : `Container ${name} failed its postStart hook`;
  const isRestarted = containerPolicyOf(pod.spec, container) !== 'Never';
  const why = isRestarted ? `${what}, will be restarted` : what;
  const ownGrace = failed && probeOf(container, failed)?.terminationGracePeriodSeconds;
  decideStop(world, made, { graceSeconds: ownGrace || graceSecondsOf(pod), why, next: 'restart' }, decision);
}

/** Whether it is stopped for it. */
function decideResize(
  world: PodWorld,
  pod: Pod,
  container: core.Container,
  made: RuntimeContainer,
  decision: Decision,
): boolean {
  const { name } = container;
  const resize = resizeOf(container, world.record.containers[name], world.record.allocated);
  if (resize === 'restart') {
    const why = `Container ${name} resize requires restart`;
    decideStop(world, made, { graceSeconds: graceSecondsOf(pod), why, next: 'replace' }, decision);
    return true;
  }
  if (resize === undefined) return false;
  const waitMs = (world.memory.resizeFailures.get(name)?.retryAtMs ?? 0) - world.monotonicMs;
  if (waitMs > 0) lookAgainIn(decision, waitMs);
  else decision.actions.push({ do: 'resizeContainer', containerId: made.id, containerName: name });
  return false;
}

function shouldRun(world: PodWorld, pod: Pod, container: core.Container): boolean {
  const record = world.record.containers[container.name];
  const isInit = pod.spec.initContainers?.includes(container) ?? false;
  // A new sandbox runs its init containers again, also those that ended well in the one before.
  if (isInit && record?.ended?.exitCode === 0) return true;
  return shouldStart(record, containerPolicyOf(pod.spec, container));
}

/** One dead predecessor of each container is kept, as upstream does, for people who look with podman. */
function dropLeftovers(
  world: PodWorld,
  pod: Pod,
  newest: ReadonlyMap<string, RuntimeContainer>,
  decision: Decision,
): void {
  const names = new Set(allContainersOf(pod).map((c) => c.name));
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
