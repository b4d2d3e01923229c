// By which addresses a Service of type LoadBalancer is reached: those of the boards themselves, as each listens on
// the Service's own ports. Pure. https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
import { findCondition, isConditionTrue } from '../api/conditions.ts';
import { isBalancedByBoards } from '../api/load-balancer-class.ts';
import { type core, type EndpointSlice, keyOf, type Node, type Service } from '../api/objects.ts';

/** On a Node: its board takes no traffic for load balancers. */
const EXCLUDED_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Upstream's: a Service that has it is there until its load balancer is gone. */
const CLEANUP_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
/** Upstream's LoadBalancerPortsError. */
const PORTS_CONDITION = 'LoadBalancerPortsError';

export interface LoadBalancerPlan {
  /** Sorted IPv4 addresses. */
  addresses: string[];
  /** What keeps it from any address, in words. */
  conflict?: string;
}

/** A Service of another class waits for whoever serves that. */
export const isLoadBalancer = ({ spec }: Service): boolean => isBalancedByBoards(spec);

/** The Service with the finalizer that its type asks for, or the same object where it is so already. */
export function withCleanup(service: Service): Service {
  const { metadata } = service;
  const { finalizers = [], deletionTimestamp } = metadata;
  const isWanted = isLoadBalancer(service) && deletionTimestamp === undefined;
  if (finalizers.includes(CLEANUP_FINALIZER) === isWanted) return service;
  const others = finalizers.filter((name) => name !== CLEANUP_FINALIZER);
  return {
    ...service,
    metadata: { ...metadata, finalizers: isWanted ? [...others, CLEANUP_FINALIZER] : others },
  };
}

/** `slices`: the Service's own; `all`: every Service there is. */
export function planLoadBalancer(
  service: Service,
  all: readonly Service[],
  nodes: readonly Node[],
  slices: readonly EndpointSlice[],
): LoadBalancerPlan {
  if (!isLoadBalancer(service)) return { addresses: [] };
  const conflict = portConflict(service, all);
  if (conflict) return { addresses: [], conflict };
  const isLocal = service.spec.externalTrafficPolicy === 'Local';
  const serving = isLocal ? boardsServing(slices) : undefined;
  const boards = nodes.filter((node) => takesTraffic(node) && (serving?.has(node.metadata.name) ?? true));
  return { addresses: [...new Set(boards.flatMap(internalAddress))].sort() };
}

/** The older Service keeps its ports. */
function portConflict(service: Service, all: readonly Service[]): string | undefined {
  const older = all.filter((other) => isLoadBalancer(other) && isBefore(other, service));
  const holders = new Map(older.flatMap((other) => portNames(other).map((port) => [port, keyOf(other)])));
  const taken = portNames(service).find((port) => holders.has(port));
  return taken && `port ${taken} of the boards belongs to Service ${holders.get(taken)}`;
}

function isBefore(one: Service, other: Service): boolean {
  const id = ({ metadata }: Service) => `${metadata.creationTimestamp} ${keyOf({ metadata })}`;
  return keyOf(one) !== keyOf(other) && id(one) < id(other);
}

const portNames = ({ spec }: Service): string[] =>
  (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);

function takesTraffic({ metadata, status }: Node): boolean {
  const isOut = metadata.deletionTimestamp !== undefined || metadata.labels?.[EXCLUDED_LABEL] !== undefined;
  return !isOut && isConditionTrue(status?.conditions, 'Ready');
}

function internalAddress({ status }: Node): string[] {
  const found = status?.addresses?.find(
    ({ type, address }) => type === 'InternalIP' && address?.includes('.'),
  );
  return found?.address ? [found.address] : [];
}

function boardsServing(slices: readonly EndpointSlice[]): Set<string> {
  const ready = slices
    .filter(({ ports }) => ports?.length)
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false);
  return new Set(ready.flatMap(({ nodeName }) => nodeName ?? []));
}

/** The status that the plan asks for, or the same object where it is so already. */
export function withLoadBalancer(service: Service, { addresses, conflict }: LoadBalancerPlan, now: string) {
  const status: core.ServiceStatus = service.status ?? {};
  const others = (status.conditions ?? []).filter(({ type }) => type !== PORTS_CONDITION);
  const before = findCondition(status.conditions, PORTS_CONDITION);
  const condition = conflict && {
    type: PORTS_CONDITION,
    status: 'True' as const,
    reason: 'PortConflict',
    message: conflict,
    lastTransitionTime: before?.lastTransitionTime ?? now,
  };
  const shown = (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  if (shown.join() === addresses.join() && before?.message === conflict) return status;
  const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
  const conditions = condition ? [...others, condition] : others;
  const { conditions: _, ...rest } = status;
  return {
    ...rest,
    loadBalancer: ingress.length > 0 ? { ingress } : {},
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** Most writes to a Node change nothing that a load balancer could see. */
export function boardFactsDiffer(node: Node, previous: Node): boolean {
  const facts = (n: Node) => `${takesTraffic(n)} ${internalAddress(n)}`;
  return facts(node) !== facts(previous);
}
