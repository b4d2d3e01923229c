// What a Service of each type may have and has: an address of the range, node ports.
import { isDeepStrictEqual } from 'node:util';
import { clusterIPsOf } from '../../api/board-service.ts';
import type { core, Service } from '../../api/objects.ts';
import type { Writable } from '../registry/prepare.ts';

export interface Holdings {
  addresses: ReadonlySet<string>;
  ports: ReadonlySet<number>;
}

export const wantsAddress = (service: Service): boolean => service.spec.type !== 'ExternalName';

export const nothingHeld: Holdings = { addresses: new Set(), ports: new Set() };

/** Whether it may have node ports; a load balancer may do without. */
export const wantsNodePorts = (service: Service): boolean =>
  service.spec.type === 'NodePort' || service.spec.type === 'LoadBalancer';

export function holdings(service: Service): Holdings {
  const ports = wantsNodePorts(service) ? (service.spec.ports ?? []) : [];
  const { healthCheckNodePort } = service.spec;
  return {
    addresses: new Set(clusterIPsOf(service)),
    ports: new Set([
      ...ports.flatMap((port) => (port.nodePort ? [port.nodePort] : [])),
      ...(healthCheckNodePort ? [healthCheckNodePort] : []),
    ]),
  };
}

/** Whether those that it does not name are given to it. */
export const isGivenNodePorts = (service: Service): boolean =>
  wantsNodePorts(service) && service.spec.allocateLoadBalancerNodePorts !== false;

/**
 * A port keeps its node port by its name, whatever else of it changes; not one that was given to another meanwhile.
 * Source: patchAllocatedValues
 */
export function keepNodePorts(spec: core.ServiceSpec, former: core.ServiceSpec): void {
  const given = (ports: core.ServiceSpec['ports'] = []) => ports.flatMap(({ nodePort }) => nodePort || []);
  const before = new Map((former.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
  const kept = new Set(given(former.ports));
  const used = new Set(given(spec.ports).filter((nodePort) => kept.has(nodePort)));
  for (const port of spec.ports ?? []) {
    const own = before.get(port.name ?? '');
    if (port.nodePort || !own || used.has(own)) continue;
    port.nodePort = own;
    used.add(own);
  }
}

/**
 * Old clients know the singular field alone, so each of the two follows the other that its client has changed.
 * What neither says stays as it was allocated. Source: normalizeClusterIPs, patchAllocatedValues
 */
export function alignAddresses({ spec }: Writable<Service>, former?: core.ServiceSpec): void {
  const isAsBefore = former && isDeepStrictEqual(spec.clusterIPs ?? [], former.clusterIPs ?? []);
  if (isAsBefore && spec.clusterIP !== former.clusterIP) delete spec.clusterIPs;
  if (former?.clusterIP && !spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIP = former.clusterIP;
  if (!spec.clusterIP || spec.clusterIPs?.length) return;
  const kept = spec.clusterIP === former?.clusterIP ? former.clusterIPs : undefined;
  spec.clusterIPs = [...(kept ?? [spec.clusterIP])];
}

/** What only its former type could have, and nobody asked for anew, stays behind. Source: dropTypeDependentFields */
export function dropFormer(next: Service, previous: Service): void {
  dropAddresses(next, previous);
  dropNodePorts(next, previous);
  dropOutside(next, previous);
}

function dropAddresses(next: Service, previous: Service): void {
  if (wantsAddress(next) || !wantsAddress(previous)) return;
  const [spec, former] = [next.spec, previous.spec];
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
    if (isDeepStrictEqual(spec[field], former[field])) delete spec[field];
  }
}

/** Ports may have come, gone or changed, as long as no node port is new. */
function dropNodePorts(next: Service, previous: Service): void {
  if (wantsNodePorts(next) || !wantsNodePorts(previous)) return;
  const former = new Set((previous.spec.ports ?? []).map(({ nodePort }) => nodePort));
  const ports = next.spec.ports ?? [];
  if (!ports.every(({ nodePort }) => !nodePort || former.has(nodePort))) return;
  for (const port of ports) delete port.nodePort;
}

function dropOutside({ spec }: Service, { spec: former }: Service): void {
  const isGone = (type: string) => former.type === type && spec.type !== type;
  const fields = isGone('LoadBalancer')
    ? (['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerSourceRanges'] as const)
    : [];
  for (const field of fields) if (isDeepStrictEqual(spec[field], former[field])) delete spec[field];
  if (isGone('ExternalName') && spec.externalName === former.externalName) delete spec.externalName;
  const isOutside = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.externalIPs?.length;
  if (!isOutside && spec.externalTrafficPolicy === former.externalTrafficPolicy)
    delete spec.externalTrafficPolicy;
}
