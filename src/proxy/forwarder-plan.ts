// Which sockets must listen for a set of Services and host ports: pure, so that what runs can be compared with it.
import { isIPv6 } from 'node:net';
import type { IpFamily } from '../base/ip.ts';
import { endpointId, type PortEndpoints } from './endpoint-choice.ts';
import { withoutLoops } from './endpoint-loops.ts';
import { type HostPort, hostPortKey } from './host-ports.ts';
import { defaultOptions, type ServiceOptions } from './service-options.ts';
import type { ServicePort, ServiceView, TrafficPolicy } from './service-view.ts';

/** Stands for every address of the board, and of IPv6. */
export const EVERY_ADDRESS = '0.0.0.0';
export const EVERY_ADDRESS_V6 = '::';

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

type Way = Pick<Forwarder, 'host' | 'port' | 'virtual' | 'insiders' | 'outsiders' | 'sourceRanges'>;

/** By the Service's own address, which is for pods and the board alone. */
function waysToAddress(service: ServiceView, ip: string, port: number, input: PlanInput): Way[] {
  const policy = service.internalTrafficPolicy;
  const inside = { insiders: policy, outsiders: policy, sourceRanges: [] };
  return mapped({ ip, port, isOpen: false }, input).map((way) => ({ ...inside, ...way }));
}

/**
 * To the endpoints of the Service's first family, whichever the client's is: a relay does not mind. None at an
 * address and port of the board that are an endpoint's own, in the board's network: who comes there has come to the
 * endpoint, and a listener would keep its program from starting again.
 */
function waysFromOutside(
  service: ServiceView,
  { port, nodePort, protocol, endpoints }: ServicePort,
  input: PlanInput,
): Way[] {
  const { externalIPs, loadBalancerIPs, sourceRanges, externalTrafficPolicy: outsiders } = service;
  const outside: Omit<Way, 'host' | 'port' | 'virtual'> = {
    insiders: 'Cluster',
    outsiders,
    sourceRanges: [],
  };
  const isOwn = (ip: string) => input.boardAddresses.includes(ip);
  const direct = (ip: string) =>
    endpoints.present.includes(endpointId({ ip, port })) ? [] : [{ host: ip, port, virtual: undefined }];
  const balanced = new Set(loadBalancerIPs);
  return [
    ...(nodePort ? onEveryAddress(nodePort, protocol, input) : []).map((way) => ({ ...outside, ...way })),
    ...loadBalancerIPs
      .filter(isOwn)
      .flatMap(direct)
      .map((way) => ({ ...outside, ...way, sourceRanges })),
    ...externalIPs
      .filter((ip) => !balanced.has(ip))
      .flatMap((ip) => (isOwn(ip) ? direct(ip) : mapped({ ip, port, isOpen: true }, input)))
      .map((way) => ({ ...outside, ...way })),
  ];
}

/** None for no address, and for one of a family that the board does not have. */
function mapped(virtual: VirtualAddress, input: PlanInput): Entrance[] {
  const { listenAddress, listenAddressV6 } = input;
  const host = isIPv6(virtual.ip) ? listenAddressV6 : listenAddress;
  return virtual.ip && host ? [{ host, port: 0, virtual }] : [];
}

type Entrance = Pick<Way, 'host' | 'port' | 'virtual'>;

/**
 * An answer by UDP must come from the address that was asked. A socket on 0.0.0.0 cannot see to that, the kernel's
 * map of each family can: the socket then only keeps the port, and answers on the loopback address. For TCP one
 * listener sees to both families.
 */
function onEveryAddress(port: number, protocol: string, { listenAddressV6 }: PlanInput): Entrance[] {
  if (protocol !== 'UDP') return [{ host: EVERY_ADDRESS, port, virtual: undefined }];
  const every = listenAddressV6 ? [EVERY_ADDRESS, EVERY_ADDRESS_V6] : [EVERY_ADDRESS];
  return every.map((ip) => ({ host: ip, port, virtual: { ip, port, isOpen: true } }));
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
