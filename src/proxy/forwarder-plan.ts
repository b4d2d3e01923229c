// Which sockets must listen for a set of Services and host ports: pure, so that what runs can be compared with it.
import type { PortEndpoints } from './endpoint-choice.ts';
import { type HostPort, hostPortKey } from './host-ports.ts';
import { defaultOptions, type ServiceOptions } from './service-options.ts';
import type { ServicePort, ServiceView, TrafficPolicy } from './service-view.ts';

/** Where the kernel must map packets from to this listener; 0.0.0.0 = any address of the board. */
export interface VirtualAddress {
  ip: string;
  port: number;
  /** For the LAN too, not only for pods and the board. */
  isOpen: boolean;
}

/** Who is to be told when something is wrong. */
export interface Subject {
  kind: 'Service' | 'Pod';
  key: string;
  uid: string;
}

export interface Forwarder {
  /** Stays the same while client-facing address and port stay the same. */
  id: string;
  subject: Subject;
  backendId: string;
  protocol: 'tcp' | 'udp';
  /** Where it listens; port 0 = any free one. */
  host: string;
  port: number;
  virtual: VirtualAddress | undefined;
  /** Pods and the board itself are insiders: for them a Service is whole, whichever way in they choose. */
  insiders: TrafficPolicy;
  outsiders: TrafficPolicy;
  /** CIDRs of those who may come in; empty = everybody. */
  sourceRanges: readonly string[];
}

export interface BackendPlan {
  id: string;
  /** Services are counted and limited as a whole. */
  subject: Subject;
  protocol: 'tcp' | 'udp';
  /** Of the Service, or of the board for a host port. */
  port: number;
  endpoints: PortEndpoints;
  affinityMs?: number;
  options: ServiceOptions;
}

/** A port that cannot be forwarded, and why. */
export interface Refusal {
  subject: Subject;
  reason: string;
  message: string;
}

export interface ForwarderPlan {
  forwarders: Map<string, Forwarder>;
  backends: Map<string, BackendPlan>;
  refusals: Refusal[];
}

export interface PlanInput {
  services: readonly ServiceView[];
  hostPorts: readonly HostPort[];
  /** The board's own address for ClusterIP listeners. */
  listenAddress: string;
  /** The board's addresses on the LAN. */
  boardAddresses: readonly string[];
}

/** Where two want the same, the first in the order of keys has it. */
export function planForwarders(input: PlanInput): ForwarderPlan {
  const plan: ForwarderPlan = { forwarders: new Map(), backends: new Map(), refusals: [] };
  const services = input.services.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const service of services) {
    const subject = subjectOf(service);
    for (const message of service.notes)
      plan.refusals.push({ subject, reason: 'InvalidAnnotation', message });
    for (const port of service.ports) addPort(plan, service, port, input);
  }
  for (const hostPort of input.hostPorts) addHostPort(plan, hostPort);
  return plan;
}

const subjectOf = ({ key, uid }: ServiceView): Subject => ({ kind: 'Service', key, uid });

function addPort(plan: ForwarderPlan, service: ServiceView, port: ServicePort, input: PlanInput): void {
  const subject = subjectOf(service);
  if (port.protocol === 'SCTP') return void refuseSctp(plan, subject, port.port);
  const protocol = port.protocol === 'UDP' ? 'udp' : 'tcp';
  const ways = waysIn(service, port, input);
  if (ways.length === 0) return;
  const backendId = `${service.key} ${protocol} ${port.port}`;
  const { affinityMs, options } = service;
  plan.backends.set(backendId, {
    id: backendId,
    subject,
    protocol,
    port: port.port,
    endpoints: port.endpoints,
    ...(affinityMs === undefined ? {} : { affinityMs }),
    options,
  });
  for (const way of ways) add(plan, { ...way, subject, backendId, protocol });
}

function refuseSctp(plan: ForwarderPlan, subject: Subject, port: number): void {
  const message = `port ${port}/SCTP is not forwarded: only TCP and UDP are`;
  plan.refusals.push({ subject, reason: 'UnsupportedProtocol', message });
}

type Way = Pick<Forwarder, 'host' | 'port' | 'virtual' | 'insiders' | 'outsiders' | 'sourceRanges'>;

function waysIn(service: ServiceView, { port, nodePort, protocol }: ServicePort, input: PlanInput): Way[] {
  const { clusterIP, externalIPs, loadBalancerIPs, sourceRanges } = service;
  const { listenAddress, boardAddresses } = input;
  const { internalTrafficPolicy: internal, externalTrafficPolicy: external } = service;
  const inside = { insiders: internal, outsiders: internal, sourceRanges: [] };
  const outside: Omit<Way, 'host' | 'port' | 'virtual'> = {
    insiders: 'Cluster',
    outsiders: external,
    sourceRanges: [],
  };
  const mapped = (ip: string, isOpen: boolean) => ({
    host: listenAddress,
    port: 0,
    virtual: { ip, port, isOpen },
  });
  const isOwn = (ip: string) => boardAddresses.includes(ip);
  const direct = (ip: string) => ({ host: ip, port, virtual: undefined });
  const balanced = new Set(loadBalancerIPs);
  return [
    ...(clusterIP ? [{ ...inside, ...mapped(clusterIP, false) }] : []),
    ...(nodePort ? [{ ...outside, ...onEveryAddress(nodePort, protocol) }] : []),
    ...loadBalancerIPs.filter(isOwn).map((ip) => ({ ...outside, ...direct(ip), sourceRanges })),
    ...externalIPs
      .filter((ip) => !balanced.has(ip) && ip.includes('.'))
      .map((ip) => ({ ...outside, ...(isOwn(ip) ? direct(ip) : mapped(ip, true)) })),
  ];
}

/**
 * An answer by UDP must come from the address that was asked. A socket on 0.0.0.0 cannot see to that, the kernel's
 * map can: the socket then only keeps the port, and answers on the loopback address.
 */
function onEveryAddress(port: number, protocol: string) {
  const virtual = protocol === 'UDP' ? { ip: '0.0.0.0', port, isOpen: true } : undefined;
  return { host: '0.0.0.0', port, virtual };
}

function addHostPort(plan: ForwarderPlan, hostPort: HostPort): void {
  const { pod, hostIP, port, endpoint } = hostPort;
  const protocol = hostPort.protocol === 'UDP' ? 'udp' : 'tcp';
  const backendId = hostPortKey(hostPort);
  const subject: Subject = { kind: 'Pod', ...pod };
  if (hostPort.protocol === 'SCTP') return void refuseSctp(plan, subject, port);
  const endpoints = [endpoint];
  const present = [`${endpoint.ip}:${endpoint.port}`];
  plan.backends.set(backendId, {
    id: backendId,
    subject,
    protocol,
    port,
    endpoints: {
      cluster: endpoints,
      local: endpoints,
      readyLocal: [endpoint.ip],
      present,
      terminating: present,
    },
    options: defaultOptions,
  });
  const isAny = hostIP === '' || hostIP === '0.0.0.0';
  const where = isAny ? onEveryAddress(port, hostPort.protocol) : { host: hostIP, port, virtual: undefined };
  const way: Way = { ...where, insiders: 'Cluster', outsiders: 'Cluster', sourceRanges: [] };
  add(plan, { ...way, subject, backendId, protocol });
}

function add(plan: ForwarderPlan, forwarder: Omit<Forwarder, 'id'>): void {
  const { protocol, subject } = forwarder;
  const { ip, port } = forwarder.virtual ?? { ip: forwarder.host, port: forwarder.port };
  const id = `${protocol} ${ip}:${port}`;
  const holder = plan.forwarders.get(id)?.subject;
  if (holder) {
    const message = `port ${port}/${protocol.toUpperCase()} of ${ip} belongs to ${holder.kind} ${holder.key}`;
    plan.refusals.push({ subject, reason: 'PortConflict', message });
  } else plan.forwarders.set(id, { ...forwarder, id });
}
