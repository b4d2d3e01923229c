// What an object counts for against a ResourceQuota, and which quotas count it at all: pure, so that admission and
// the controller cannot disagree. https://kubernetes.io/docs/concepts/policy/resource-quotas/
import type { core, KubeObject, PersistentVolumeClaim, Pod, ResourceQuota, Service } from './objects.ts';
import { hasOwnAmounts, podLimitQuantities, podRequestQuantities } from './pod-requests.ts';
import { heldSpec } from './pod-resize.ts';
import { qosClass } from './qos-class.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type Quantity,
  tryParseQuantity,
  zeroQuantity,
} from './quantity.ts';
import { groupResourceOf } from './scheme.ts';

/** By quota resource, such as `requests.cpu` or `count/deployments.apps`. */
export type Usage = Map<string, Quantity>;

interface KindName {
  group: string;
  plural: string;
}

const ONE: Quantity = { nanos: 10n ** 9n, format: 'DecimalSI' };
const times = (count: number): Quantity => ({ nanos: BigInt(count) * ONE.nanos, format: 'DecimalSI' });

/** Core kinds that a quota may also name without `count/`. */
const PLAIN_COUNTS = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
const STORAGE_CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
/** Requests that a quota may name without `requests.`. */
const PLAIN_REQUESTS = new Set(['cpu', 'memory', 'ephemeral-storage']);
const isPlainRequest = (name: string): boolean => PLAIN_REQUESTS.has(name) || name.startsWith('hugepages-');

const countName = (kind: KindName): string => `count/${groupResourceOf(kind)}`;

/** Whether an object of this kind can count for a quota that limits these resources. */
export function limitsKind(hard: readonly string[], kind: KindName): boolean {
  if (hard.includes(countName(kind))) return true;
  if (kind.group !== '') return false;
  if (kind.plural === 'pods') return hard.some(isPodResource);
  if (PLAIN_COUNTS.has(kind.plural) && hard.includes(kind.plural)) return true;
  if (kind.plural === 'services') return hard.some((name) => name.startsWith('services.'));
  return kind.plural === 'persistentvolumeclaims' && hard.some(isStorageResource);
}

const isPodResource = (name: string): boolean =>
  name === 'pods' ||
  isPlainRequest(name) ||
  name.startsWith('limits.') ||
  (name.startsWith('requests.') && name !== 'requests.storage');

const isStorageResource = (name: string): boolean =>
  name === 'requests.storage' || name.includes(STORAGE_CLASS_SUFFIX);

/**
 * When a pod that goes stops to count: its grace is over, counted from when it should have been gone. One on a board
 * that is lost must not keep its replacement out. Source: pkg/quota/v1/evaluator/core/pods.go QuotaV1Pod
 */
export function releasedAtMs({ metadata }: KubeObject): number {
  const { deletionTimestamp, deletionGracePeriodSeconds: seconds } = metadata;
  if (!deletionTimestamp || seconds === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(deletionTimestamp) + seconds * 1000;
}

/** Everything that this object counts for; pods that are finished, or should be gone, count only as objects. */
export function usageOf(kind: KindName, object: KubeObject, nowMs: number): Usage {
  const usage: Usage = new Map([[countName(kind), ONE]]);
  if (kind.group !== '') return usage;
  if (PLAIN_COUNTS.has(kind.plural)) usage.set(kind.plural, ONE);
  if (kind.plural === 'pods' && nowMs <= releasedAtMs(object)) addPod(usage, object as Pod);
  if (kind.plural === 'services') addService(usage, object as Service);
  if (kind.plural === 'persistentvolumeclaims') addClaim(usage, object as PersistentVolumeClaim);
  return usage;
}

/** One that is made smaller counts with its former size until its board has said that the new one is reached. */
function addPod(usage: Usage, pod: Pod): void {
  const { spec, status } = pod;
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return;
  usage.set('pods', ONE);
  for (const [name, quantity] of podRequestQuantities(heldSpec(pod))) {
    usage.set(`requests.${name}`, quantity);
    if (isPlainRequest(name)) usage.set(name, quantity);
  }
  for (const [name, quantity] of podLimitQuantities(spec)) usage.set(`limits.${name}`, quantity);
}

function addService(usage: Usage, { spec }: Service): void {
  const ports = spec.ports ?? [];
  const isBalanced = spec.type === 'LoadBalancer';
  if (isBalanced) usage.set('services.loadbalancers', ONE);
  if (isBalanced && spec.allocateLoadBalancerNodePorts === false) {
    usage.set('services.nodeports', times(ports.filter(({ nodePort }) => nodePort).length));
  } else if (isBalanced || spec.type === 'NodePort') usage.set('services.nodeports', times(ports.length));
}

/** Whole bytes; a claim that was asked to grow, and then to grow less, counts with what it was given. */
function addClaim(usage: Usage, { spec, status }: PersistentVolumeClaim): void {
  const amounts = [spec.resources?.requests, status?.allocatedResources].map(
    (list) => tryParseQuantity(list?.storage ?? '0') ?? zeroQuantity,
  );
  const { nanos, format } = amounts.reduce((most, next) => (compareQuantities(next, most) > 0 ? next : most));
  const requested = { nanos: ((nanos + ONE.nanos - 1n) / ONE.nanos) * ONE.nanos, format };
  usage.set('requests.storage', requested);
  if (!spec.storageClassName) return;
  usage.set(`${spec.storageClassName}${STORAGE_CLASS_SUFFIX}requests.storage`, requested);
  usage.set(`${spec.storageClassName}${STORAGE_CLASS_SUFFIX}persistentvolumeclaims`, ONE);
}

/** A quota with scopes counts pods only: those that all of its scopes take in. */
export function inScope({ spec }: ResourceQuota, kind: KindName, object: KubeObject): boolean {
  const scopes = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ] as core.ScopedResourceSelectorRequirement[];
  if (scopes.length === 0) return true;
  if (kind.group !== '' || kind.plural !== 'pods') return false;
  return scopes.every((scope) => podInScope(scope, object as Pod));
}

function podInScope({ scopeName, operator, values }: core.ScopedResourceSelectorRequirement, pod: Pod) {
  switch (scopeName) {
    case 'Terminating':
      return (pod.spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (pod.spec.activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return qosClass(pod.spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod.spec) !== 'BestEffort';
    case 'PriorityClass':
      return matches(operator, values ?? [], pod.spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(pod.spec);
    default:
      return false;
  }
}

function matches(operator: string, values: readonly string[], value: string): boolean {
  if (operator === 'In') return values.includes(value);
  if (operator === 'NotIn') return !values.includes(value);
  return operator === 'Exists' ? value !== '' : value === '';
}

function usesOtherNamespaces({ affinity }: core.PodSpec): boolean {
  const sides = [affinity?.podAffinity, affinity?.podAntiAffinity];
  const terms = sides.flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}

export function addUsage(total: Usage, more: ReadonlyMap<string, Quantity>, sign: 1 | -1 = 1): void {
  for (const [name, { nanos, format }] of more) {
    total.set(name, addQuantities(total.get(name) ?? zeroQuantity, { nanos: nanos * BigInt(sign), format }));
  }
}

/** Of `usage` what the quota limits, as it stands in `status.used`: what nothing uses is 0. */
export function usedOf(
  hard: readonly string[],
  usage: ReadonlyMap<string, Quantity>,
): Record<string, string> {
  return Object.fromEntries(hard.map((name) => [name, formatQuantity(usage.get(name) ?? zeroQuantity)]));
}

const COMPUTE: Readonly<Record<string, readonly ['requests' | 'limits', string]>> = {
  cpu: ['requests', 'cpu'],
  memory: ['requests', 'memory'],
  'requests.cpu': ['requests', 'cpu'],
  'requests.memory': ['requests', 'memory'],
  'limits.cpu': ['limits', 'cpu'],
  'limits.memory': ['limits', 'memory'],
};

/**
 * Where a quota limits CPU or memory, every container must say how much, unless the pod does as a whole: the sentences
 * about those that do not. Source: pkg/quota/v1/evaluator/core/pods.go Constraints
 */
export function missingAmounts(hard: readonly string[], { spec }: Pod): string[] {
  if (hasOwnAmounts(spec)) return [];
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return hard.toSorted().flatMap((name) => {
    const [which, resource] = COMPUTE[name] ?? [];
    if (!which || !resource) return [];
    const silent = containers.filter((container) => container.resources?.[which]?.[resource] === undefined);
    const names = new Set(silent.map((container) => container.name));
    return names.size === 0 ? [] : [`${name} for: ${[...names].sort().join(',')}`];
  });
}
