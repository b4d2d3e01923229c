// By which ways clients come to a port of a Service or a pod: addresses that the kernel maps, and sockets of the board's
// own. Pure.

import { isIPv6 } from 'node:net';
import { EVERY_ADDRESS, EVERY_ADDRESS_V6 } from '../base/ip.ts';
import { endpointId } from './endpoint-choice.ts';
import type { Forwarder, PlanInput, VirtualAddress } from './forwarder-plan.ts';
import type { ServicePort, ServiceView } from './service-view.ts';

export type Way = Pick<Forwarder, 'host' | 'port' | 'virtual' | 'insiders' | 'outsiders' | 'sourceRanges'>;
type Entrance = Pick<Way, 'host' | 'port' | 'virtual'>;

/** By the Service's own address, which is for pods and the board alone. */
export function waysToAddress(service: ServiceView, ip: string, port: number, input: PlanInput): Way[] {
  const policy = service.internalTrafficPolicy;
  const inside = { insiders: policy, outsiders: policy, sourceRanges: [] };
  return mapped({ ip, port, isOpen: false }, input).map((way) => ({ ...inside, ...way }));
}

/**
 * To the endpoints of the Service's first family, whichever the client's is: a relay does not mind. None at an
 * address and port of the board that are an endpoint's own, in the board's network: who comes there has come to the
 * endpoint, and a listener would keep its program from starting again.
 */
export function waysFromOutside(
  service: ServiceView,
  { port, nodePort, protocol, endpoints }: ServicePort,
  input: PlanInput,
): Way[] {
  const { externalIPs, loadBalancerIPs, balancedIPs = [], sourceRanges } = service;
  const outside: Omit<Way, 'host' | 'port' | 'virtual'> = {
    insiders: 'Cluster',
    outsiders: service.externalTrafficPolicy,
    sourceRanges: [],
  };
  const isOwn = (ip: string) => input.boardAddresses.includes(ip);
  const direct = (ip: string) =>
    endpoints.present.includes(endpointId({ ip, port })) ? [] : [{ host: ip, port, virtual: undefined }];
  const at = (ip: string) => (isOwn(ip) ? direct(ip) : mapped({ ip, port, isOpen: true }, input));
  const balanced = [...loadBalancerIPs.filter(isOwn), ...balancedIPs];
  return [
    ...(nodePort ? onEveryAddress(nodePort, protocol, input) : []).map((way) => ({ ...outside, ...way })),
    ...balanced.flatMap(at).map((way) => ({ ...outside, ...way, sourceRanges })),
    ...externalIPs
      .filter((ip) => !loadBalancerIPs.includes(ip) && !balanced.includes(ip))
      .flatMap(at)
      .map((way) => ({ ...outside, ...way })),
  ];
}

/** None for no address, and for one of a family that the board does not have. */
function mapped(virtual: VirtualAddress, input: PlanInput): Entrance[] {
  const { listenAddress, listenAddressV6 } = input;
  const host = isIPv6(virtual.ip) ? listenAddressV6 : listenAddress;
  return virtual.ip && host ? [{ host, port: 0, virtual }] : [];
}

/**
 * An answer by UDP must come from the address that was asked. A socket on 0.0.0.0 cannot see to that, the kernel's
 * map of each family can: the socket then only keeps the port, and answers on the loopback address. For TCP one
 * listener sees to both families.
 */
export function onEveryAddress(port: number, protocol: string, { listenAddressV6 }: PlanInput): Entrance[] {
  if (protocol !== 'UDP') return [{ host: EVERY_ADDRESS, port, virtual: undefined }];
  const every = listenAddressV6 ? [EVERY_ADDRESS, EVERY_ADDRESS_V6] : [EVERY_ADDRESS];
  return every.map((ip) => ({ host: ip, port, virtual: { ip, port, isOpen: true } }));
}
