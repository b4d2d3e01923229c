// A Service as the proxy needs it: where clients connect, which endpoints take a connection, on which terms. Pure.
import { type BoardService, clusterIPsOf, familiesOf, isLeftAlone } from '../api/board-service.ts';
import { isBalancedByBoards } from '../api/load-balancer-class.ts';
import { canonicalIp, familyOf, type IpFamily } from '../base/ip.ts';
import { chooseEndpoints, type PortEndpoints } from './endpoint-choice.ts';
import type { Place } from './endpoint-hints.ts';
import { type ServiceOptions, serviceOptions } from './service-options.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
/** Whether endpoints of all boards may take traffic, or only those of this board. */
export type TrafficPolicy = 'Cluster' | 'Local';

export interface ServicePort {
  name: string;
  protocol: Protocol;
  port: number;
  nodePort?: number;
  /** Of the Service's first family. */
  endpoints: PortEndpoints;
  /** Of its second, where it has one. */
  secondEndpoints?: PortEndpoints;
}

export interface ServiceView {
  /** `namespace/name` */
  key: string;
  uid: string;
  /** Of its first address, and of the endpoints that belong to it. */
  family: IpFamily;
  /** Empty: headless, nothing to forward. */
  clusterIP: string;
  /** Of the other family. */
  secondClusterIP?: string;
  externalIPs: readonly string[];
  /** Addresses of boards, each of which answers at its own. */
  loadBalancerIPs: readonly string[];
  /** Addresses that another load balancer than the boards themselves has for it, and may send to any board. */
  balancedIPs?: readonly string[];
  internalTrafficPolicy: TrafficPolicy;
  externalTrafficPolicy: TrafficPolicy;
  /** Who may come in by a load balancer's address, as CIDRs; empty = everybody. */
  sourceRanges: readonly string[];
  healthCheckNodePort?: number;
  /** How long a client keeps its endpoint after its last connection; absent = not at all. */
  affinityMs?: number;
  options: ServiceOptions;
  /** What is wrong with the annotations, in words. */
  notes: readonly string[];
  ports: readonly ServicePort[];
}

/** `place` is this board's. */
export function serviceView(service: BoardService, place: Place): ServiceView {
  const { key, uid, spec, loadBalancerIPs = [] } = service;
  // Upstream leaves those without an address of their own alone.
  const isForwarded = clusterIPsOf(service).length > 0 && !isLeftAlone(service.labels);
  const isBalanced = spec.type === 'LoadBalancer' && loadBalancerIPs.length > 0;
  const [clusterIP = '', secondClusterIP] = clusterIPsOf(service).map(canonicalIp);
  const seconds = spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const [family = 'IPv4'] = familiesOf(service);
  return {
    key,
    uid,
    family,
    clusterIP,
    ...(secondClusterIP ? { secondClusterIP } : {}),
    // Of two spellings of one the kernel's maps take neither.
    externalIPs: isForwarded ? [...new Set((spec.externalIPs ?? []).map(canonicalIp))] : [],
    loadBalancerIPs: isBalancedByBoards(spec) ? loadBalancerIPs : [],
    ...(isBalanced && !isBalancedByBoards(spec) ? { balancedIPs: addressesIn(loadBalancerIPs) } : {}),
    internalTrafficPolicy: policyOf(spec.internalTrafficPolicy),
    externalTrafficPolicy: policyOf(spec.externalTrafficPolicy),
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()),
    ...(isForwarded && spec.healthCheckNodePort ? { healthCheckNodePort: spec.healthCheckNodePort } : {}),
    ...(seconds ? { affinityMs: seconds * 1000 } : {}),
    ...serviceOptions(service.annotations ?? {}),
    ports: isForwarded ? portsOf(service, place) : [],
  };
}

function portsOf(service: BoardService, place: Place): ServicePort[] {
  const { spec } = service;
  const slices = service.slices.filter(({ labels }) => !isLeftAlone(labels));
  const [first = 'IPv4', second] = familiesOf(service);
  return (spec.ports ?? []).map(({ name = '', protocol = 'TCP', port, nodePort }) => {
    const endpointsOf = (family: IpFamily) => chooseEndpoints(slices, { family, name, protocol, place });
    return {
      name,
      protocol: protocol as Protocol,
      port,
      ...(nodePort ? { nodePort } : {}),
      endpoints: endpointsOf(first),
      ...(second ? { secondEndpoints: endpointsOf(second) } : {}),
    };
  });
}

const policyOf = (policy: string | undefined): TrafficPolicy => (policy === 'Local' ? 'Local' : 'Cluster');

/** Whoever may write a Service's status may write anything there. */
const addressesIn = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => (familyOf(text) ? canonicalIp(text) : []));
