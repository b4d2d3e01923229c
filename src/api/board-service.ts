// A Service as boards see it: what the proxy, the DNS server and pods' environments are derived from. It carries
// Kubernetes' own shapes, so that what travels over MQTT is what the documentation of Services speaks of.
import type { core, discovery } from './objects.ts';

/** One EndpointSlice of a Service, without its metadata. */
export interface BoardSlice {
  /** Only those that speak to boards ({@link speaksToBoards}). */
  labels?: Readonly<Record<string, string>>;
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
  labels?: Readonly<Record<string, string>>;
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

/** Annotations and labels by which a Service asks something of the boards' proxy. */
export function speaksToBoards(name: string): boolean {
  return name.startsWith('edge-cluster.io/') || name.startsWith('service.kubernetes.io/');
}

/** On the slices of a Service without an address, so that proxies need not look at them. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';

/**
 * Of Services and slices that boards do not forward, whatever the label's value: somebody else's, or nobody's.
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#servicekubernetesioservice-proxy-name
 */
export function isLeftAlone(labels: Readonly<Record<string, string>> = {}): boolean {
  return labels[PROXY_NAME_LABEL] !== undefined || labels[HEADLESS_LABEL] !== undefined;
}
