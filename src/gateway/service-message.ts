// What a board needs of a Service: its addresses and the endpoints that are ready now.
import { type core, type Endpoints, keyOf, type Service } from '../api/objects.ts';
import type { Envelope, ServiceEndpoint, ServiceMessage, ServicePortMessage } from '../mqtt/messages.ts';

/** `undefined` for an ExternalName: it is a name in DNS, nothing that a board forwards. */
export function serviceMessage(
  service: Service,
  endpoints: Endpoints | undefined,
): Omit<ServiceMessage, keyof Envelope> | undefined {
  const { type, clusterIP = 'None', ports = [] } = service.spec;
  if (type === 'ExternalName') return undefined;
  return {
    key: keyOf(service),
    uid: service.metadata.uid,
    type: type === 'NodePort' || type === 'LoadBalancer' ? 'NodePort' : 'ClusterIP',
    clusterIP,
    ports: ports.flatMap((port) => portMessage(port, endpoints?.subsets ?? [])),
  };
}

function portMessage(port: core.ServicePort, subsets: core.EndpointSubset[]): ServicePortMessage[] {
  const { name = '', protocol = 'TCP', port: number, nodePort } = port;
  if (protocol !== 'TCP' && protocol !== 'UDP') return [];
  const endpoints = subsets.flatMap((subset) => endpointsOf(subset, name, protocol));
  return [{ name, protocol, port: number, ...(nodePort ? { nodePort } : {}), endpoints }];
}

/** Only `addresses` count: `notReadyAddresses` are pods that must get no connection. */
function endpointsOf(subset: core.EndpointSubset, name: string, protocol: string): ServiceEndpoint[] {
  const ports = (subset.ports ?? []).filter(
    (p) => (p.name ?? '') === name && (p.protocol ?? 'TCP') === protocol,
  );
  return ports.flatMap(({ port }) =>
    (subset.addresses ?? []).map(({ ip, nodeName }) => ({ ip, port, ...(nodeName ? { nodeName } : {}) })),
  );
}
