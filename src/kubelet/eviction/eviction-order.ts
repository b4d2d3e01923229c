// Whom a board that runs short of something ends first: upstream's order, pure. Pods above what they asked for, then those
// of lower priority, then by how much they are above it. Critical pods are never chosen.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
import type { Pod } from '../../api/objects.ts';
import { podRequests } from '../../api/pod-requests.ts';
import type { Resource, Shortage } from '../health/thresholds.ts';
import { isCritical } from '../pods/critical-pod.ts';

/** What is not known counts as nothing. */
export type Amounts = Partial<Record<Resource, number>>;

export interface Candidate {
  pod: Pod;
  used: Amounts;
  /** By container, for the words of the eviction. */
  containers: Readonly<Record<string, Amounts>>;
}

export function evictionOrder(resource: Resource, candidates: readonly Candidate[]): Candidate[] {
  const excess = (candidate: Candidate) =>
    (candidate.used[resource] ?? 0) - requested(resource, candidate.pod);
  // Nobody can ask for processes or inodes: there only priority and use count.
  const isAbove = (candidate: Candidate) => isRequestable(resource) && excess(candidate) > 0;
  return candidates
    .filter(({ pod }) => !isCritical(pod))
    .sort(
      (a, b) =>
        Number(isAbove(b)) - Number(isAbove(a)) ||
        (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) ||
        excess(b) - excess(a),
    );
}

/** Upstream's words, which people and their scripts know. */
export function evictionMessage(shortage: Shortage, { pod, containers }: Candidate): string {
  const { resource, threshold, available } = shortage;
  const limits = `Threshold quantity: ${amount(resource, threshold)}, available: ${amount(resource, available)}. `;
  const users = isRequestable(resource)
    ? pod.spec.containers.flatMap((container) => {
        const used = containers[container.name]?.[resource];
        const request = container.resources?.requests?.[resource] ?? '0';
        if (used === undefined || used <= requestOf(pod, resource, container.name)) return [];
        const words = `Container ${container.name} was using ${amount(resource, used)}, request is ${request}`;
        return [`${words}, has larger consumption of ${resource}. `];
      })
    : [];
  return `The node was low on resource: ${resource}. ${limits}${users.join('')}`;
}

function isRequestable(resource: Resource): resource is 'memory' | 'ephemeral-storage' {
  return resource === 'memory' || resource === 'ephemeral-storage';
}

function requested(resource: Resource, { spec }: Pod): number {
  const { memoryBytes, ephemeralStorageBytes } = podRequests(spec);
  return { memory: memoryBytes, 'ephemeral-storage': ephemeralStorageBytes, inodes: 0, pids: 0 }[resource];
}

function requestOf({ spec }: Pod, resource: Resource, name: string): number {
  const container = spec.containers.find((c) => c.name === name);
  const { memoryBytes, ephemeralStorageBytes } = podRequests({ containers: container ? [container] : [] });
  return resource === 'memory' ? memoryBytes : ephemeralStorageBytes;
}

/** As Kubernetes writes it: `72380Ki`, `100Mi`, and bare counts. */
function amount(resource: Resource, value: number): string {
  if (!isRequestable(resource)) return String(Math.floor(value));
  const kib = Math.floor(value / 1024);
  return kib > 0 && kib % 1024 === 0 ? `${kib / 1024}Mi` : `${kib}Ki`;
}
