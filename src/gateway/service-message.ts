// What a board is told of a Service and of each of its EndpointSlices. Pure.
import { speaksToBoards } from '../api/board-service.ts';
import type { LoadBalancerWay } from '../api/kinds/service-outside-rules.ts';
import { type EndpointSlice, keyOf, type Service } from '../api/objects.ts';
import type { Envelope, ServiceMessage, SliceMessage } from '../mqtt/messages.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export function serviceMessage({ metadata, spec, status }: Service): Omit<ServiceMessage, keyof Envelope> {
  const { selector: _, ...told } = spec;
  const ingress = (status?.loadBalancer?.ingress ?? []).flatMap((way) => addressesTo(way));
  return {
    key: keyOf({ metadata }),
    uid: metadata.uid,
    ...forBoards('annotations', metadata.annotations),
    ...forBoards('labels', metadata.labels),
    spec: told,
    ...(ingress.length > 0 ? { loadBalancerIPs: ingress } : {}),
  };
}

/** Key of the Service that the slice belongs to; none for a slice that names no Service. */
export function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  return name ? `${metadata.namespace}/${name}` : undefined;
}

export function sliceMessage(serviceKey: string, slice: EndpointSlice): Omit<SliceMessage, keyof Envelope> {
  const { metadata, addressType, ports = [], endpoints = [] } = slice;
  return {
    key: `${serviceKey}/${metadata.name}`,
    uid: metadata.uid,
    ...forBoards('labels', metadata.labels),
    addressType: addressType as SliceMessage['addressType'],
    ports,
    endpoints,
  };
}

/** Those of a Service's marks that boards are to know, under the same name; nothing where there are none. */
function forBoards<K extends 'annotations' | 'labels'>(
  kind: K,
  marks: Readonly<Record<string, string>> = {},
): { [kind in K]?: Record<string, string> } {
  const told = Object.entries(marks).filter(([name]) => speaksToBoards(name));
  return told.length > 0
    ? ({ [kind]: Object.fromEntries(told) } as { [kind in K]: Record<string, string> })
    : {};
}

/** By an address whose mode is `Proxy` packets are to come to the load balancer, and not to be taken on the way. */
function addressesTo({ ip, ipMode }: LoadBalancerWay): string[] {
  return ip && ipMode !== 'Proxy' ? [ip] : [];
}
