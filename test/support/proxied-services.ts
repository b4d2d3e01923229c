// Services as the proxy gets them, said with what a test is about only.
import { type Endpoint, endpointId, type PortEndpoints } from '../../src/proxy/endpoint-choice.ts';
import { lastingPorts } from '../../src/proxy/lasting-ports.ts';
import type { ProxyInput } from '../../src/proxy/proxier.ts';
import type { ServicePort, ServiceView } from '../../src/proxy/service-view.ts';

/** All ready; those in `local` are of this board. */
export function endpointsOf(
  all: readonly Endpoint[],
  local: readonly Endpoint[] = [],
  more: Partial<PortEndpoints> = {},
): PortEndpoints {
  const readyLocal = local.map(({ ip }) => ip);
  return { cluster: all, local, readyLocal, present: all.map(endpointId), terminating: [], ...more };
}

/** `default/web`, port 80 of 10.48.0.9. */
export function tcpService(more: Partial<ServiceView> = {}, port: Partial<ServicePort> = {}): ServiceView {
  return {
    key: 'default/web',
    uid: 'u-web',
    family: 'IPv4',
    clusterIP: '10.48.0.9',
    externalIPs: [],
    loadBalancerIPs: [],
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
    sourceRanges: [],
    options: { balance: 'round-robin' },
    notes: [],
    ports: [{ name: '', protocol: 'TCP', port: 80, endpoints: endpointsOf([]), ...port }],
    ...more,
  };
}

export const inputOf = (...services: ServiceView[]): ProxyInput => ({
  services,
  hostPorts: [],
  boardAddresses: [],
  insideRanges: ['127.0.0.0/8'],
});

/** Two addresses whose port 80 would have the same local port by UDP, were each of them alone. */
export function clashingAddresses(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const ip = `10.48.${i >> 8}.${i & 255}`;
    const [port = 0] = lastingPorts({ ip, port: 80 });
    const other = seen.get(port);
    if (other) return [other, ip];
    seen.set(port, ip);
  }
}
