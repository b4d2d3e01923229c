// A Service as boards see it: what the proxy, the DNS server and pods' environments are derived from. It carries
// Kubernetes' own shapes, so that what travels over MQTT is what the documentation of Services speaks of.
import type { core, discovery } from './objects.ts';

/** One EndpointSlice of a Service, without its metadata. */
export interface BoardSlice {
  addressType: 'IPv4' | 'IPv6' | 'FQDN';
  ports: readonly discovery.EndpointPort[];
  endpoints: readonly discovery.Endpoint[];
}

export interface BoardService {
  /** `namespace/name` */
  key: string;
  uid: string;
  /** Only those that speak to boards ({@link speaksToBoards}). */
  annotations?: Readonly<Record<string, string>>;
  /** Without the selector, which the master has resolved into slices. */
  spec: core.ServiceSpec;
  /** Addresses by which a LoadBalancer is reached from outside. */
  loadBalancerIPs?: readonly string[];
  slices: readonly BoardSlice[];
}

/** Headless Services and ExternalNames have no address of their own. */
export function clusterIPsOf({ spec }: Pick<BoardService, 'spec'>): readonly string[] {
  if (spec.type === 'ExternalName') return [];
  const addresses = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return addresses.filter((address) => address !== 'None' && address !== '');
}

/** The first decides where clients from outside are led to, and what Endpoints hold. */
export function familiesOf({ spec }: Pick<BoardService, 'spec'>): readonly ('IPv4' | 'IPv6')[] {
  return spec.ipFamilies?.length ? (spec.ipFamilies as ('IPv4' | 'IPv6')[]) : ['IPv4'];
}

/** Annotations by which a Service asks something of the boards' proxy. */
export function speaksToBoards(annotation: string): boolean {
  return annotation.startsWith('edge-cluster.io/') || annotation.startsWith('service.kubernetes.io/');
}
