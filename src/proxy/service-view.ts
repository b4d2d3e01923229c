// A Service as the proxy needs it: where clients connect and which endpoints take a connection. Pure.
import { type BoardService, type BoardSlice, clusterIPsOf } from '../api/board-service.ts';
import type { discovery } from '../api/objects.ts';

export interface Endpoint {
  ip: string;
  port: number;
  nodeName?: string;
}

export interface ServicePort {
  name: string;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  port: number;
  nodePort?: number;
  /** Ready ones only. */
  endpoints: readonly Endpoint[];
  /** Those whose pod is being deleted. */
  terminating?: readonly Endpoint[];
}

export interface ServiceView {
  /** `namespace/name` */
  key: string;
  /** Empty: headless, nothing to forward. */
  clusterIP: string;
  ports: readonly ServicePort[];
}

export function serviceView(service: BoardService): ServiceView {
  const { key, spec, slices } = service;
  const ports = spec.type === 'ExternalName' ? [] : (spec.ports ?? []);
  return {
    key,
    clusterIP: clusterIPsOf(service)[0] ?? '',
    ports: ports.map(({ name = '', protocol = 'TCP', port, nodePort }) => ({
      name,
      protocol: protocol as ServicePort['protocol'],
      port,
      ...(nodePort ? { nodePort } : {}),
      endpoints: slices.flatMap((slice) => endpointsOf(slice, name, protocol, isReady)),
      terminating: slices.flatMap((slice) => endpointsOf(slice, name, protocol, isTerminating)),
    })),
  };
}

/** A slice has one set of ports for all its endpoints. An endpoint that says nothing counts as ready. */
function endpointsOf(
  slice: BoardSlice,
  name: string,
  protocol: string,
  isWanted: (endpoint: discovery.Endpoint) => boolean,
): Endpoint[] {
  const match = slice.ports.find((p) => (p.name ?? '') === name && (p.protocol ?? 'TCP') === protocol);
  const port = match?.port;
  if (!port || slice.addressType === 'FQDN') return [];
  return slice.endpoints.filter(isWanted).flatMap(({ addresses: [ip], nodeName }) => {
    return ip ? [{ ip, port, ...(nodeName ? { nodeName } : {}) }] : [];
  });
}

const isReady = ({ conditions }: discovery.Endpoint) => conditions?.ready !== false;
const isTerminating = ({ conditions }: discovery.Endpoint) => conditions?.terminating === true;
