// What a pod's containers are to have of CPU and memory, as the board has granted it: what the spec asked for when the
// pod came, and again whenever a resize is taken. What runs follows the grant, never the wish. Pure.
// https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
import type { core, Pod } from '../../api/objects.ts';
import {
  isSameQuantity,
  isSameSize,
  needsRestart,
  RESIZABLE,
  type Resizable,
  resizableContainers,
} from '../../api/pod-resize.ts';
import type { ContainerRecord, PodRecord } from '../records/pod-record.ts';

export type Allocated = NonNullable<PodRecord['allocated']>;

/** What the spec asks for, by container; those that ask for nothing are left out. */
export function wantedBy(pod: Pod): Allocated {
  const asking = resizableContainers(pod.spec).filter(({ resources }) => !isSameSize(resources, undefined));
  return Object.fromEntries(asking.map(({ name, resources }) => [name, resources ?? {}]));
}

/** The spec asks for something else than what was granted. */
export function isResizeWanted(pod: Pod, { allocated }: PodRecord): boolean {
  if (allocated === undefined) return false;
  return resizableContainers(pod.spec).some((c) => !isSameSize(c.resources, allocated[c.name]));
}

/** The pod with what it was granted in place of what it asks for. */
export function granted(pod: Pod, { allocated }: PodRecord): Pod {
  if (allocated === undefined) return pod;
  const of = (container: core.Container) => grantedContainer(container, allocated);
  const { containers, initContainers } = pod.spec;
  const inits = initContainers ? { initContainers: initContainers.map(of) } : {};
  return { ...pod, spec: { ...pod.spec, containers: containers.map(of), ...inits } };
}

export function grantedContainer<T extends core.Container>(
  container: T,
  allocated: PodRecord['allocated'],
): T {
  const resources = allocated?.[container.name];
  return resources ? { ...container, resources } : container;
}

/** How a container that runs comes to its grant; `undefined` when it has it. */
export function resizeOf(
  container: core.Container,
  known: ContainerRecord | undefined,
  allocated: PodRecord['allocated'],
): 'update' | 'restart' | undefined {
  const wanted = allocated?.[container.name];
  const has = known?.resources;
  if (!wanted || !has || isSameSize(wanted, has)) return undefined;
  const mustRestart = RESIZABLE.some((name) => isFelt(name, wanted, has) && needsRestart(container, name));
  return mustRestart ? 'restart' : 'update';
}

/** A request for memory is a matter of scheduling alone: no process notices it. */
function isFelt(name: Resizable, a: core.ResourceRequirements, b: core.ResourceRequirements): boolean {
  const isSameLimit = isSameQuantity(a.limits?.[name], b.limits?.[name]);
  return !isSameLimit || (name === 'cpu' && !isSameQuantity(a.requests?.cpu, b.requests?.cpu));
}

/** Every container that runs has what was granted. */
export function isResized({ containers, allocated }: PodRecord): boolean {
  return Object.entries(allocated ?? {}).every(([name, wanted]) => {
    const known = containers[name];
    return !known?.resources || known.ended !== undefined || isSameSize(known.resources, wanted);
  });
}
