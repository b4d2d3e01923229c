// The downward API: values of the pod and of a container's resources as text. Pure.
// https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
import type { core, Pod } from '../../api/objects.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { ConfigError } from './config-error.ts';

/** What the pod's own object does not say about where it runs. */
export interface PodPlace {
  nodeName: string;
  podIP: string | undefined;
  podIPv6?: string | undefined;
  hostIP: string | undefined;
  hostIPv6?: string | undefined;
  allocatable: { cpu: string; memory: string; ephemeralStorage: string };
}

export function fieldValue(path: string, pod: Pod, place: PodPlace): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  const value = plainFields(pod, place)[path];
  if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${path}`);
  return value;
}

function plainFields(pod: Pod, place: PodPlace): Record<string, string> {
  const podIP = place.podIP ?? '';
  const hostIP = place.hostIP ?? '';
  return {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace ?? '',
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': place.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? '',
    'status.podIP': podIP,
    'status.podIPs': listed(podIP, place.podIPv6),
    'status.hostIP': hostIP,
    'status.hostIPs': listed(hostIP, place.hostIPv6),
  };
}

const listed = (first: string, second: string | undefined) => (second ? `${first},${second}` : first);

/** A limit that is not set reads as the board's allocatable, a request that is not set as 0, as upstream. */
export function resourceValue(
  ref: core.ResourceFieldSelector,
  own: core.Container,
  pod: Pod,
  place: PodPlace,
): string {
  const named = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(
    (c) => c.name === ref.containerName,
  );
  const container = ref.containerName ? named : own;
  const [kind, resource = ''] = splitOnce(ref.resource);
  if (!container || (kind !== 'limits' && kind !== 'requests')) {
    throw new ConfigError(`unsupported container resource: ${ref.resource}`);
  }
  const text =
    container.resources?.[kind]?.[resource] ?? (kind === 'limits' ? allocatable(place, resource) : '0');
  return divide(text, ref.divisor, resource);
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

function allocatable(place: PodPlace, resource: string): string {
  if (resource === 'cpu') return place.allocatable.cpu;
  if (resource === 'memory') return place.allocatable.memory;
  if (resource === 'ephemeral-storage') return place.allocatable.ephemeralStorage;
  throw new ConfigError(`unsupported container resource: limits.${resource}`);
}

function divide(text: string, divisorText: string | undefined, resource: string): string {
  const divisor = parseQuantity(divisorText && divisorText !== '0' ? divisorText : '1').nanos;
  const amount = parseQuantity(text).nanos;
  if (divisor <= 0n) throw new ConfigError(`divisor of ${resource} must be greater than 0`);
  return String((amount + divisor - 1n) / divisor);
}
