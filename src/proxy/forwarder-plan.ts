// Which sockets must listen for a set of Services and host ports: pure, so that what runs can be compared with it.

import { isIPv6 } from 'node:net';
import { EVERY_ADDRESS, type IpFamily } from '../base/ip.ts';
import { endpointId, type PortEndpoints } from './endpoint-choice.ts';
import { withoutLoops } from './endpoint-loops.ts';
import { type HostPort, hostPortKey } from './host-ports.ts';
import { defaultOptions, type ServiceOptions } from './service-options.ts';
import type { ServicePort, ServiceView, TrafficPolicy } from './service-view.ts';
import { onEveryAddress, type Way, waysFromOutside, waysToAddress } from './ways-in.ts';

/** Where the kernel must map packets from to this listener; 0.0.0.0 or :: = any of the board's of that family. */
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
  /** Of its endpoints. */
  family: IpFamily;
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
  /** The same of IPv6; without it the board forwards no addresses of that family. */
  listenAddressV6?: string | undefined;
  /** The board's addresses on the LAN. */
  boardAddresses: readonly string[];
  /** Those of the cluster's other boards. */
  otherBoards?: readonly string[];
}

/**
 * A Service's own addresses are its own: who claims one from outside (`externalIPs`) goes without. Where two want the
 * same otherwise, the first in the order of keys has it.
 */
export function planForwarders(input: PlanInput): ForwarderPlan {
  const plan: ForwarderPlan = { forwarders: new Map(), backends: new Map(), refusals: [] };
  const services = input.services.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const service of services) {
    const subject = subjectOf(service);
    for (const message of service.notes)
      plan.refusals.push({ subject, reason: 'InvalidAnnotation', message });
    for (const port of service.ports) addOwnAddresses(plan, service, port, input);
  }
  for (const service of services) for (const port of service.ports) addOutside(plan, service, port, input);
  for (const hostPort of input.hostPorts) addHostPort(plan, hostPort, input);
  return withoutLoops(plan, new Set([...input.boardAddresses, ...(input.otherBoards ?? [])]));
}

/** Of the endpoints that a Service's port has of its second family. */
export const secondOf = (backendId: string): string => `${backendId} second`;

const subjectOf = ({ key, uid }: ServiceView): Subject => ({ kind: 'Service', key, uid });
const protocolOf = ({ protocol }: ServicePort) => (protocol === 'UDP' ? 'udp' : 'tcp');
const backendIdOf = (service: ServiceView, port: ServicePort): string =>
  `${service.key} ${protocolOf(port)} ${port.port}`;

function addOwnAddresses(
  plan: ForwarderPlan,
  service: ServiceView,
  servicePort: ServicePort,
  input: PlanInput,
): void {
  const { port, endpoints, secondEndpoints } = servicePort;
  if (servicePort.protocol === 'SCTP') return void refuseSctp(plan, subjectOf(service), port);
  const { family, clusterIP, secondClusterIP: second } = service;
  const to = { protocol: protocolOf(servicePort), port } as const;
  const backendId = backendIdOf(service, servicePort);
  const ways = waysToAddress(service, clusterIP, port, input);
  addBackend(plan, service, { ...to, backendId, family, endpoints, ways });
  if (!second || !secondEndpoints) return;
  addBackend(plan, service, {
    ...to,
    backendId: secondOf(backendId),
    family: family === 'IPv4' ? 'IPv6' : 'IPv4',
    endpoints: secondEndpoints,
    ways: waysToAddress(service, second, port, input),
  });
}

function addOutside(
  plan: ForwarderPlan,
  service: ServiceView,
  servicePort: ServicePort,
  input: PlanInput,
): void {
  if (servicePort.protocol === 'SCTP') return;
  const { port, endpoints } = servicePort;
  const to = { protocol: protocolOf(servicePort), port } as const;
  const backendId = backendIdOf(service, servicePort);
  const ways = waysFromOutside(service, servicePort, input);
  addBackend(plan, service, { ...to, backendId, family: service.family, endpoints, ways });
}

interface NewBackend {
  backendId: string;
  protocol: Forwarder['protocol'];
  /** The Service's. */
  port: number;
  family: IpFamily;
  endpoints: PortEndpoints;
  ways: Way[];
}

function addBackend(plan: ForwarderPlan, service: ServiceView, added: NewBackend): void {
  const { backendId, protocol, port, family, endpoints, ways } = added;
  if (ways.length === 0) return;
  const { affinityMs, options } = service;
  const subject = subjectOf(service);
  plan.backends.set(backendId, {
    id: backendId,
    subject,
    protocol,
    port,
    family,
    endpoints,
    ...(affinityMs === undefined ? {} : { affinityMs }),
    options,
  });
  for (const way of ways) add(plan, { ...way, subject, backendId, protocol });
}

function refuseSctp(plan: ForwarderPlan, subject: Subject, port: number): void {
  const message = `port ${port}/SCTP is not forwarded: only TCP and UDP are`;
  plan.refusals.push({ subject, reason: 'UnsupportedProtocol', message });
}

function addHostPort(plan: ForwarderPlan, hostPort: HostPort, input: PlanInput): void {
  const { pod, hostIP, port, endpoint } = hostPort;
  const protocol = hostPort.protocol === 'UDP' ? 'udp' : 'tcp';
  const backendId = hostPortKey(hostPort);
  const subject: Subject = { kind: 'Pod', ...pod };
  if (hostPort.protocol === 'SCTP') return void refuseSctp(plan, subject, port);
  const endpoints = [endpoint];
  const present = [endpointId(endpoint)];
  plan.backends.set(backendId, {
    id: backendId,
    subject,
    protocol,
    port,
    family: isIPv6(endpoint.ip) ? 'IPv6' : 'IPv4',
    endpoints: {
      cluster: endpoints,
      local: endpoints,
      readyLocal: [endpoint.ip],
      present,
      terminating: present,
    },
    options: defaultOptions,
  });
  const isAny = hostIP === '' || hostIP === EVERY_ADDRESS;
  const ways = isAny
    ? onEveryAddress(port, hostPort.protocol, input)
    : [{ host: hostIP, port, virtual: undefined }];
  for (const way of ways) {
    const terms: Way = { ...way, insiders: 'Cluster', outsiders: 'Cluster', sourceRanges: [] };
    add(plan, { ...terms, subject, backendId, protocol });
  }
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
