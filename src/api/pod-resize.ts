// What of a pod may be resized while it runs: CPU and memory of containers and sidecars, by name.
// https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
import type { core, Pod } from './objects.ts';
import { compareQuantities, tryParseQuantity } from './quantity.ts';

export const RESIZABLE = ['cpu', 'memory'] as const;
export type Resizable = (typeof RESIZABLE)[number];

/** Newer than the types at hand. */
export interface ResizePolicy {
  resourceName: string;
  /** `NotRequired` unless said: the container runs on. */
  restartPolicy: string;
}

/** Conditions that come and go with a resize; the board alone sets them. */
export const RESIZE_PENDING = 'PodResizePending';
export const RESIZE_IN_PROGRESS = 'PodResizeInProgress';

export function resizePoliciesOf(container: core.Container): ResizePolicy[] {
  return (container as { resizePolicy?: ResizePolicy[] }).resizePolicy ?? [];
}

export function needsRestart(container: core.Container, resource: Resizable): boolean {
  const isFor = ({ resourceName }: ResizePolicy) => resourceName === resource;
  return resizePoliciesOf(container).find(isFor)?.restartPolicy === 'RestartContainer';
}

/** Containers that can be resized: those that run as long as the pod does. */
export function resizableContainers(spec: core.PodSpec): core.Container[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec.containers ?? []), ...sidecars];
}

/** `500m` and `0.5` are the same; what is not there is so only to what is not there either. */
export function isSameQuantity(a: string | undefined, b: string | undefined): boolean {
  const [first, second] = [a, b].map((text) => (text === undefined ? undefined : tryParseQuantity(text)));
  if (!first || !second) return a === b;
  return compareQuantities(first, second) === 0;
}

/** Requests and limits of CPU and memory, whatever their spelling. */
export function isSameSize(
  a: core.ResourceRequirements | undefined,
  b: core.ResourceRequirements | undefined,
): boolean {
  const isSame = (which: 'requests' | 'limits', name: Resizable) =>
    isSameQuantity(a?.[which]?.[name], b?.[which]?.[name]);
  return RESIZABLE.every((name) => isSame('requests', name) && isSame('limits', name));
}

/**
 * What the pod takes of its board's room: what it asks for and what it has until a smaller size is reached; only what
 * it has, where the board can never give it what it asks for. Source: k8s.io/component-helpers/resource PodRequests
 */
export function heldSpec({ spec, status }: Pod): core.PodSpec {
  const allocated = allocatedByName(status);
  const isOther = ({ name, resources }: core.Container) => {
    const has = allocated.get(name);
    return (
      has !== undefined && !RESIZABLE.every((key) => isSameQuantity(has[key], resources?.requests?.[key]))
    );
  };
  if (allocated.size === 0 || !resizableContainers(spec).some(isOther)) return spec;
  const pending = status?.conditions?.find(({ type }) => type === RESIZE_PENDING);
  const held = (container: core.Container): core.Container => {
    const has = allocated.get(container.name);
    if (!has) return container;
    const asked = container.resources?.requests ?? {};
    const requests = pending?.reason === 'Infeasible' ? { ...asked, ...has } : largest(asked, has);
    return { ...container, resources: { ...container.resources, requests } };
  };
  const { containers, initContainers = [] } = spec;
  return { ...spec, containers: containers.map(held), initContainers: initContainers.map(held) };
}

type Amounts = Readonly<Record<string, string>>;

function allocatedByName(status: core.PodStatus | undefined): Map<string, Amounts> {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const allocated = statuses.map((found): [string, Amounts | undefined] => [
    found.name,
    (found as { allocatedResources?: Amounts }).allocatedResources,
  ]);
  return new Map(allocated.filter((entry): entry is [string, Amounts] => entry[1] !== undefined));
}

function largest(a: Amounts, b: Amounts): Record<string, string> {
  const isLess = (text: string | undefined, than: string) => {
    const [first, second] = [tryParseQuantity(text ?? '0'), tryParseQuantity(than)];
    return first !== undefined && second !== undefined && compareQuantities(first, second) < 0;
  };
  const raised = Object.entries(b).filter(([name, text]) => isLess(a[name], text));
  return { ...a, ...Object.fromEntries(raised) };
}
