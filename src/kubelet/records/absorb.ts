// Folds what the engine shows into the pod's record, so that an exit is known even after its container is gone.
// Pure: gives a new record, or the same one when nothing is new.
import { timestamp } from '../../api/objects.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import type { ContainerRecord, PodRecord, Termination } from './pod-record.ts';

/** Exit code of a container whose end nobody saw (power cut), as containerd reports it after a reboot. */
const UNSEEN_EXIT_CODE = 255;
/** Exit code that upstream gives a container that vanished. */
const VANISHED_EXIT_CODE = 137;

export function absorb(record: PodRecord, observed: readonly RuntimeContainer[], nowMs: number): PodRecord {
  let next = record;
  for (const sandbox of observed) {
    if (sandbox.containerName === undefined) next = absorbSandbox(next, sandbox);
  }
  for (const [name, container] of newestByName(observed)) {
    const known = next.containers[name];
    const updated = absorbContainer(known, container, nowMs);
    if (updated !== known) next = withContainer(next, name, updated);
  }
  return endVanished(next, observed, nowMs);
}

export function withContainer(record: PodRecord, name: string, container: ContainerRecord): PodRecord {
  return { ...record, containers: { ...record.containers, [name]: container } };
}

/** The newest attempt of each container in the spec's sense; the pause container left out. */
export function newestByName(observed: readonly RuntimeContainer[]): Map<string, RuntimeContainer> {
  const newest = new Map<string, RuntimeContainer>();
  for (const container of observed) {
    if (container.containerName === undefined) continue;
    const other = newest.get(container.containerName);
    if (!other || other.attempt < container.attempt) newest.set(container.containerName, container);
  }
  return newest;
}

function absorbSandbox(record: PodRecord, sandbox: RuntimeContainer): PodRecord {
  const podIP = sandbox.ip ?? record.podIP;
  const podIPv6 = sandbox.ip ? sandbox.ipv6 : record.podIPv6;
  const isOlder = sandbox.attempt < record.sandboxAttempt;
  const isSame = podIP === record.podIP && podIPv6 === record.podIPv6;
  if (isOlder || (sandbox.attempt === record.sandboxAttempt && isSame)) return record;
  const { podIPv6: _, ...rest } = record;
  const addresses = { ...(podIP ? { podIP } : {}), ...(podIPv6 ? { podIPv6 } : {}) };
  return { ...rest, sandboxAttempt: sandbox.attempt, ...addresses };
}

function absorbContainer(
  known: ContainerRecord | undefined,
  container: RuntimeContainer,
  nowMs: number,
): ContainerRecord {
  if (known && known.attempt > container.attempt) return known;
  const base = known?.attempt === container.attempt ? known : startedRecord(known, container);
  const isRunning = container.state === 'running';
  if (base.ended || isRunning) return base;
  return { ...base, ended: terminationOf(container, base, nowMs) };
}

/** The record of an attempt that has just been made. */
export function startedRecord(
  known: ContainerRecord | undefined,
  container: RuntimeContainer,
  backoffSteps = known?.backoffSteps ?? 0,
): ContainerRecord {
  const previous = known?.ended ?? known?.previous;
  return {
    attempt: container.attempt,
    containerId: container.id,
    ...(container.startedAt ? { startedAt: container.startedAt } : {}),
    specHash: container.specHash,
    image: container.image,
    imageId: container.imageId,
    ...(previous ? { previous } : {}),
    backoffSteps,
  };
}

function terminationOf(container: RuntimeContainer, known: ContainerRecord, nowMs: number): Termination {
  const startedAt = container.startedAt ?? known.startedAt;
  const common = {
    containerId: container.id,
    ...(startedAt ? { startedAt } : {}),
    finishedAt: container.finishedAt ?? timestamp(nowMs),
  };
  // `created` is what podman shows of a container that ran when the plug was pulled.
  if (container.state === 'created' || container.exitCode === undefined) {
    return { ...common, exitCode: UNSEEN_EXIT_CODE, reason: 'Unknown' };
  }
  const message = container.message === undefined ? {} : { message: container.message };
  return { ...common, ...message, exitCode: container.exitCode, reason: reasonOf(container) };
}

function reasonOf(container: RuntimeContainer): string {
  if (container.oomKilled) return 'OOMKilled';
  return container.exitCode === 0 ? 'Completed' : 'Error';
}

function endVanished(record: PodRecord, observed: readonly RuntimeContainer[], nowMs: number): PodRecord {
  const present = new Set(observed.map((c) => c.id));
  let next = record;
  for (const [name, known] of Object.entries(record.containers)) {
    if (known.ended || known.containerId === undefined || present.has(known.containerId)) continue;
    const ended: Termination = {
      exitCode: VANISHED_EXIT_CODE,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located on the board',
      containerId: known.containerId,
      ...(known.startedAt ? { startedAt: known.startedAt } : {}),
      finishedAt: timestamp(nowMs),
    };
    next = withContainer(next, name, { ...known, ended });
  }
  return next;
}
