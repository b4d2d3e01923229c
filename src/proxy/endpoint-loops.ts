// Endpoints that lead back to their own Service: a relay would connect to itself, and that connection again, until no
// socket is left for any other Service. They get no traffic, and the Service is told. Pure.
// https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
import { EVERY_ADDRESS } from '../base/ip.ts';
import { type Endpoint, endpointId } from './endpoint-choice.ts';
import type { BackendPlan, ForwarderPlan } from './forwarder-plan.ts';

/** `boards`: addresses of all boards, which answer at every node port. */
export function withoutLoops(plan: ForwarderPlan, boards: ReadonlySet<string>): ForwarderPlan {
  const next = nextBackends(plan, boards);
  if (next.size === 0) return plan;
  const backends = new Map(plan.backends);
  const refusals = [...plan.refusals];
  for (const [id, ways] of next) {
    const backend = plan.backends.get(id);
    const looping = new Set(
      [...ways].filter(([, to]) => leadsTo(next, to, id)).map(([endpoint]) => endpoint),
    );
    const [first] = looping;
    if (!backend || first === undefined) continue;
    backends.set(id, without(backend, looping));
    const { subject, port, protocol } = backend;
    const message = `endpoint ${first} of port ${port}/${protocol.toUpperCase()} leads back to it and gets no traffic`;
    refusals.push({ subject, reason: 'EndpointLoop', message });
  }
  return { ...plan, backends, refusals };
}

/** By backend: its endpoints that are ways into backends themselves, and which. */
type Next = ReadonlyMap<string, ReadonlyMap<string, string>>;

function nextBackends({ forwarders, backends }: ForwarderPlan, boards: ReadonlySet<string>): Next {
  const virtual = new Set([...forwarders.values()].flatMap((forwarder) => forwarder.virtual?.ip ?? []));
  const entered = (protocol: string, { ip, port }: Endpoint): string | undefined => {
    if (!virtual.has(ip) && !boards.has(ip)) return undefined;
    const own = forwarders.get(`${protocol} ${ip}:${port}`);
    if (own?.virtual) return own.backendId;
    const everywhere = boards.has(ip) ? forwarders.get(`${protocol} ${EVERY_ADDRESS}:${port}`) : undefined;
    // A pod's host port is on its board alone, where the pod has left the network of the board.
    return everywhere?.subject.kind === 'Service' ? everywhere.backendId : undefined;
  };
  const next = new Map<string, Map<string, string>>();
  for (const { id, protocol, endpoints } of backends.values()) {
    for (const endpoint of [...endpoints.cluster, ...endpoints.local]) {
      const to = entered(protocol, endpoint);
      if (to === undefined) continue;
      next.set(id, (next.get(id) ?? new Map<string, string>()).set(endpointId(endpoint), to));
    }
  }
  return next;
}

function leadsTo(next: Next, from: string, wanted: string): boolean {
  const seen = new Set([from]);
  for (const id of seen) {
    if (id === wanted) return true;
    for (const to of next.get(id)?.values() ?? []) seen.add(to);
  }
  return false;
}

function without(backend: BackendPlan, looping: ReadonlySet<string>): BackendPlan {
  const { cluster, local } = backend.endpoints;
  const kept = (endpoints: readonly Endpoint[]) => endpoints.filter((e) => !looping.has(endpointId(e)));
  return { ...backend, endpoints: { ...backend.endpoints, cluster: kept(cluster), local: kept(local) } };
}
