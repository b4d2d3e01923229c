// Which sockets must listen for a set of Services: pure, so that what runs can be compared with it.
import type { Endpoint, ServicePort, ServiceView } from './service-view.ts';

export interface Forwarder {
  /** Stays the same while client-facing address and port stay the same. */
  id: string;
  serviceKey: string;
  /** Where it listens; port 0 = any free one. */
  host: string;
  port: number;
  /** For a ClusterIP: the address and port that the kernel maps to this listener. */
  virtual: { ip: string; port: number } | undefined;
  /** Those that take new connections. */
  endpoints: readonly Endpoint[];
  /** Pods on their way out: no new connections, and when they are gone the old ones end. */
  terminating: readonly Endpoint[];
}

/** A Service port that cannot be forwarded, and why. */
export interface Refusal {
  serviceKey: string;
  reason: string;
  message: string;
}

interface ForwarderPlan {
  forwarders: Map<string, Forwarder>;
  refusals: Refusal[];
}

/** `listenAddress` is the board's own address for ClusterIP listeners. */
export function planForwarders(services: readonly ServiceView[], listenAddress: string): ForwarderPlan {
  const plan: ForwarderPlan = { forwarders: new Map(), refusals: [] };
  for (const service of services) {
    for (const port of service.ports) addPort(plan, service, port, listenAddress);
  }
  return plan;
}

function addPort(plan: ForwarderPlan, service: ServiceView, port: ServicePort, listenAddress: string): void {
  if (port.protocol !== 'TCP') {
    const message = `port ${port.port}/${port.protocol} is not forwarded: only TCP is`;
    plan.refusals.push({ serviceKey: service.key, reason: 'UnsupportedProtocol', message });
    return;
  }
  const common = { serviceKey: service.key, endpoints: port.endpoints, terminating: port.terminating ?? [] };
  if (hasClusterIP(service)) {
    const virtual = { ip: service.clusterIP, port: port.port };
    const id = `cluster ${virtual.ip}:${virtual.port}`;
    plan.forwarders.set(id, { ...common, id, host: listenAddress, port: 0, virtual });
  }
  if (port.nodePort) {
    const id = `node ${port.nodePort}`;
    plan.forwarders.set(id, { ...common, id, host: '0.0.0.0', port: port.nodePort, virtual: undefined });
  }
}

function hasClusterIP(service: ServiceView): boolean {
  return service.clusterIP !== '';
}
