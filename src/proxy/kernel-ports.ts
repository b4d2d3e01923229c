// Which ways into Services the kernel forwards by itself where the board runs in that mode, and what it must know for
// that. The rest stays with the sockets. Pure.
import { isIPv6 } from 'node:net';
import type { Endpoint } from './endpoint-choice.ts';
import { type BackendPlan, EVERY_ADDRESS, type Forwarder, type ForwarderPlan } from './forwarder-plan.ts';
import type { TrafficPolicy } from './service-view.ts';

export type KernelProtocol = 'tcp' | 'udp';

export interface KernelPort {
  /** 0.0.0.0 = every address of the board. */
  ip: string;
  protocol: KernelProtocol;
  port: number;
  /** For the LAN too, not only for pods and the board. */
  isOpen: boolean;
  /** The board has the address: what no endpoint takes is refused instead of sent on. */
  isOwn: boolean;
  /** Ways with the same backend share their endpoints, and which client had which. */
  backend: string;
  insiders: TrafficPolicy;
  outsiders: TrafficPolicy;
  /** CIDRs of those who may come in; empty = everybody. */
  sourceRanges: readonly string[];
  endpoints: Record<TrafficPolicy, readonly Endpoint[]>;
  /** How long a client keeps its endpoint after its last connection; absent = not at all. */
  affinityS?: number;
}

/** All that the kernel must know. */
export interface KernelForwarding {
  ports: readonly KernelPort[];
  /** Endpoints whose pods are no more: connections to them are over. */
  gone: readonly Endpoint[];
}

/**
 * Not what a rule cannot do: limits, the PROXY protocol, the least busy endpoint. Not the board's loopback, whose
 * packets leave no trace of the way back. Not IPv6, of which the rules know nothing.
 */
export function isForKernel({ host }: Forwarder, { options, endpoints }: BackendPlan): boolean {
  const { balance, maxConnections, proxyProtocol } = options;
  const isPlain = balance === 'round-robin' && maxConnections === undefined && proxyProtocol === undefined;
  const isIpv4 = !isIPv6(host) && !endpoints.cluster.some(({ ip }) => isIPv6(ip));
  return isPlain && isIpv4 && !host.startsWith('127.');
}

/** By the forwarder's id; of those protocols that the board's kernel can. */
export function planKernelPorts(
  { forwarders, backends }: ForwarderPlan,
  protocols: readonly KernelProtocol[],
): Map<string, KernelPort> {
  const ports = new Map<string, KernelPort>();
  for (const [id, forwarder] of forwarders) {
    const backend = backends.get(forwarder.backendId);
    if (!protocols.includes(forwarder.protocol)) continue;
    if (backend && isForKernel(forwarder, backend)) ports.set(id, kernelPort(forwarder, backend));
  }
  return ports;
}

function kernelPort(forwarder: Forwarder, { endpoints, affinityMs }: BackendPlan): KernelPort {
  const { protocol, host, port, virtual, insiders, outsiders, sourceRanges } = forwarder;
  return {
    ip: virtual?.ip ?? host,
    protocol,
    port: virtual?.port ?? port,
    isOpen: virtual?.isOpen ?? true,
    isOwn: virtual === undefined || virtual.ip === EVERY_ADDRESS,
    backend: backendName(forwarder),
    insiders,
    outsiders,
    sourceRanges,
    endpoints: { Cluster: endpoints.cluster, Local: endpoints.local },
    ...(affinityMs === undefined ? {} : { affinityS: Math.ceil(affinityMs / 1000) }),
  };
}

/** For people who list the rules; short enough for the kernel, which takes 255 characters. */
function backendName({ subject, backendId, protocol, host, port }: Forwarder): string {
  const ofService = subject.kind === 'Service';
  return ofService ? backendId.replaceAll(' ', '/') : `hostport/${subject.uid}/${host}/${protocol}/${port}`;
}
