// Which ways into Services the kernel forwards by itself where the board runs in that mode, and what it must know for
// that. The rest stays with the sockets. Pure.

import { isIPv6 } from 'node:net';
import { EVERY_ADDRESS, EVERY_ADDRESS_V6, type IpFamily } from '../base/ip.ts';
import type { Endpoint } from './endpoint-choice.ts';
import { type BackendPlan, type Forwarder, type ForwarderPlan, secondOf } from './forwarder-plan.ts';
import type { TrafficPolicy } from './service-view.ts';

export type KernelProtocol = 'tcp' | 'udp';

export interface KernelPort {
  /** 0.0.0.0 = every address of the board, and :: of the other family. */
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
  /** Those of which this is all that there is: of others nothing is known yet. */
  families: readonly IpFamily[];
  ports: readonly KernelPort[];
  /** Endpoints whose pods are no more: connections to them are over. */
  gone: readonly Endpoint[];
}

/** What the board's kernel is to forward, as far as rules can. */
export interface KernelMode {
  protocols: readonly KernelProtocol[];
  families: readonly IpFamily[];
}

const EVERY = { IPv4: EVERY_ADDRESS, IPv6: EVERY_ADDRESS_V6 } as const;

/** By the forwarder's id: one way, or one of each family. */
export function planKernelPorts(
  { forwarders, backends }: ForwarderPlan,
  { protocols, families }: KernelMode,
): Map<string, KernelPort[]> {
  const ports = new Map<string, KernelPort[]>();
  for (const [id, forwarder] of forwarders) {
    if (!protocols.includes(forwarder.protocol)) continue;
    const led = backendsOf(forwarder, backends).filter(
      (backend) => families.includes(backend.family) && isForKernel(forwarder, backend),
    );
    if (led.length > 0)
      ports.set(
        id,
        led.map((backend) => kernelPort(forwarder, backend)),
      );
  }
  return ports;
}

/**
 * Rules lead nobody from one family to the other. So clients from outside go to the endpoints of their own family, as
 * with kube-proxy, and where there are none to the socket, which leads to those of the Service's first.
 */
function backendsOf(forwarder: Forwarder, backends: ForwarderPlan['backends']): BackendPlan[] {
  const first = backends.get(forwarder.backendId);
  const second = backends.get(secondOf(forwarder.backendId));
  const isServed = second !== undefined && second.endpoints.cluster.length > 0;
  const both = [...(first ? [first] : []), ...(isServed ? [second] : [])];
  const ip = addressOf(forwarder);
  if (isOfBothFamilies(forwarder)) return both;
  return both.filter(({ family }) => family === (isIPv6(ip) ? 'IPv6' : 'IPv4'));
}

/** As TCP's listener on every address; UDP has one for each. */
const isOfBothFamilies = ({ host, virtual }: Forwarder) => host === EVERY_ADDRESS && virtual === undefined;

/**
 * Not what a rule cannot do: limits, the PROXY protocol, the least busy endpoint. Not the board's loopback, whose
 * packets leave no trace of the way back.
 */
function isForKernel({ host }: Forwarder, { options }: BackendPlan): boolean {
  const { balance, maxConnections, proxyProtocol } = options;
  const isPlain = balance === 'round-robin' && maxConnections === undefined && proxyProtocol === undefined;
  return isPlain && !host.startsWith('127.');
}

const addressOf = ({ virtual, host }: Forwarder): string => virtual?.ip ?? host;

function kernelPort(forwarder: Forwarder, backend: BackendPlan): KernelPort {
  const { protocol, port, virtual, insiders, outsiders, sourceRanges } = forwarder;
  const { endpoints, affinityMs } = backend;
  const ip = addressOf(forwarder);
  const isEvery = ip === EVERY_ADDRESS || ip === EVERY_ADDRESS_V6;
  return {
    ip: isEvery ? EVERY[backend.family] : ip,
    protocol,
    port: virtual?.port ?? port,
    isOpen: virtual?.isOpen ?? true,
    isOwn: virtual === undefined || isEvery,
    backend: backendName(forwarder, backend),
    insiders,
    outsiders,
    sourceRanges,
    endpoints: { Cluster: endpoints.cluster, Local: endpoints.local },
    ...(affinityMs === undefined ? {} : { affinityS: Math.ceil(affinityMs / 1000) }),
  };
}

/** For people who list the rules; short enough for the kernel, which takes 255 characters. */
function backendName(
  { subject, host, port }: Forwarder,
  { protocol, port: servicePort }: BackendPlan,
): string {
  const ofService = subject.kind === 'Service';
  return ofService
    ? `${subject.key}/${protocol}/${servicePort}`
    : `hostport/${subject.uid}/${host}/${protocol}/${port}`;
}
