// What is done about a pod whose spec asks for more or less than it was granted: granted, or told why not. Pure.
// https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#pod-resize-status
import type { Pod } from '../../api/objects.ts';
import { isResizeWanted, wantedBy } from './allocation.ts';
import { lookAgainIn } from './decide-start.ts';
import type { Decision } from './pod-actions.ts';
import type { PodWorld } from './pod-world.ts';

/** Upstream's net under the news that another pod has gone. */
const DEFERRED_CHECK_MS = 180_000;

export function decideAllocation(world: PodWorld, pod: Pod, decision: Decision): void {
  const { allocated } = world.record;
  if (allocated === undefined) {
    const resources = wantedBy(pod);
    if (Object.keys(resources).length > 0)
      decision.actions.push({ do: 'allocate', resources, isResize: false });
    return;
  }
  if (!isResizeWanted(pod, world.record)) return;
  const { resizeProblem } = world;
  if (!resizeProblem) {
    decision.actions.push({ do: 'allocate', resources: wantedBy(pod), isResize: world.observed.length > 0 });
    return;
  }
  const { reason, message } = resizeProblem;
  const words = { reason: `Resize${reason}`, message: `Pod resize ${reason}: ${message}` };
  const detail = `${pod.metadata.generation} ${message}`;
  decision.actions.push({ do: 'tell', topic: 'resize', detail, type: 'Warning', ...words });
  lookAgainIn(decision, DEFERRED_CHECK_MS);
}
