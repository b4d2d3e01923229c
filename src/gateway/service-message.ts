// What a board is told of a Service and of each of its EndpointSlices. Pure.
import { speaksToBoards } from '../api/board-service.ts';
import { type EndpointSlice, keyOf, type Service } from '../api/objects.ts';
import type { Envelope, ServiceMessage, SliceMessage } from '../mqtt/messages.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export function serviceMessage({ metadata, spec, status }: Service): Omit<ServiceMessage, keyof Envelope> {
  const { selector: _, ...told } = spec;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => speaksToBoards(name));
  const ingress = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return {
    key: keyOf({ metadata }),
    uid: metadata.uid,
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
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
    addressType: addressType as SliceMessage['addressType'],
    ports,
    endpoints,
  };
}
