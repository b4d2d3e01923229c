// Taking a pod off the board: all its containers get SIGTERM at once, then everything is removed.
// Used for deleted pods, for pods the master no longer wants, and when the agent cleans up.
import type { Pod } from '../../api/objects.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import type { Decision, StopAction } from './pod-actions.ts';
import type { PodMemory, PodWorld } from './pod-world.ts';
import { isSidecar } from './restart-policy.ts';

/** For a pod whose time is over already: long enough to flush a file, short enough not to be noticed. */
export const LATE_GRACE_SECONDS = 2;
const DEFAULT_GRACE_SECONDS = 30;
/** A shorter deadline than the one under way is acted on when it differs by more than this. */
const DEADLINE_SLACK_MS = 500;

/** Who comes later than this was away, or has a wrong clock: the pod has not been told to end yet. */
const FRESH_SECONDS = 60;

/** What is left until deletionTimestamp; a wrong clock makes it neither longer nor shorter than the pod's own grace. */
export function remainingGraceSeconds(pod: Pod | undefined, nowMs: number): number {
  const deletion = pod?.metadata.deletionTimestamp;
  if (!pod || !deletion) return LATE_GRACE_SECONDS;
  const own = pod.metadata.deletionGracePeriodSeconds ?? graceSecondsOf(pod);
  const leftSeconds = Math.ceil((Date.parse(deletion) - nowMs) / 1000);
  if (leftSeconds > 0) return Math.min(leftSeconds, own);
  return leftSeconds < -FRESH_SECONDS ? own : Math.min(own, LATE_GRACE_SECONDS);
}

export function graceSecondsOf(pod: Pod): number {
  return pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

export function decideTeardown(world: PodWorld, graceSeconds: number, decision: Decision): void {
  if (decideStops(world, graceSeconds, decision)) return;
  if (world.observed.length > 0) decision.actions.push({ do: 'removeContainers', remake: false });
  else if (!world.memory.forgotten) decision.actions.push({ do: 'forget' });
  else decision.gone = true;
}

/** Whether some of the pod's containers still run: they are told to stop, sidecars after the others. */
export function decideStops(world: PodWorld, graceSeconds: number, decision: Decision): boolean {
  const running = world.observed.filter((c) => c.containerName !== undefined && c.state === 'running');
  for (const container of nextToStop(world.pod, running)) {
    const why = `Stopping container ${container.containerName}`;
    decideStop(world, container, { graceSeconds, why, next: 'stay' }, decision);
  }
  return running.length > 0;
}

/** All but the sidecars at once; then the sidecars one by one, in the reverse of the order they were started in. */
function nextToStop(pod: Pod | undefined, running: readonly RuntimeContainer[]): readonly RuntimeContainer[] {
  const inits = pod?.spec.initContainers ?? [];
  const sidecars = inits.filter((c) => pod && isSidecar(pod.spec, c)).map((c) => c.name);
  const orderOf = (container: RuntimeContainer) => sidecars.indexOf(container.containerName ?? '');
  const last = Math.max(...running.map(orderOf));
  const others = running.filter((c) => orderOf(c) < 0);
  return others.length > 0 ? others : running.filter((c) => orderOf(c) === last);
}

/** Asks for a stop unless one that ends as early is under way. */
export function decideStop(
  world: Pick<PodWorld, 'monotonicMs'> & { memory: Pick<PodMemory, 'stopping'> },
  container: RuntimeContainer,
  how: Pick<StopAction, 'graceSeconds' | 'why' | 'next'>,
  decision: Decision,
): void {
  const underWayMs = world.memory.stopping.get(container.id);
  const deadlineMs = world.monotonicMs + how.graceSeconds * 1000;
  if (underWayMs !== undefined && underWayMs <= deadlineMs + DEADLINE_SLACK_MS) return;
  const containerName = container.containerName ?? '';
  decision.actions.push({ do: 'stop', containerId: container.id, containerName, ...how });
}
