// One port of a Service behind however many listeners: whose turn it is, which client had which endpoint, how
// many connections each endpoint has. All ways in share it, so a client keeps its endpoint on each of them.
import { AffinityTable } from './affinity-table.ts';
import { type Endpoint, endpointId, noEndpoints } from './endpoint-choice.ts';
import type { BackendPlan } from './forwarder-plan.ts';
import { RoundRobin } from './round-robin.ts';
import type { ServiceLoad } from './service-load.ts';
import type { TrafficPolicy } from './service-view.ts';

export class Backend {
  readonly load: ServiceLoad;
  readonly #turns = { Cluster: new RoundRobin(), Local: new RoundRobin() };
  readonly #affinity = new AffinityTable();
  readonly #connections = new Map<string, number>();
  #taking: ReadonlySet<string> = new Set();
  #plan: Pick<BackendPlan, 'endpoints' | 'affinityMs' | 'options'> = {
    endpoints: noEndpoints,
    options: { balance: 'round-robin' },
  };

  constructor(load: ServiceLoad) {
    this.load = load;
  }

  /** A client that comes again gets the endpoint that it had. */
  get keepsClients(): boolean {
    return this.#plan.affinityMs !== undefined;
  }

  get proxyProtocol(): 1 | 2 | undefined {
    return this.#plan.options.proxyProtocol;
  }

  /** Returns the endpoints, as `ip:port`, that were going and are gone: their connections are over. */
  replace(plan: BackendPlan): string[] {
    const present = new Set(plan.endpoints.present);
    const gone = this.#plan.endpoints.terminating.filter((id) => !present.has(id));
    this.#plan = plan;
    this.#taking = new Set(plan.endpoints.cluster.map(endpointId));
    this.#turns.Cluster.replace(plan.endpoints.cluster);
    this.#turns.Local.replace(plan.endpoints.local);
    if (plan.affinityMs === undefined) this.#affinity.clear();
    return gone;
  }

  takesTraffic(policy: TrafficPolicy): boolean {
    const { cluster, local } = this.#plan.endpoints;
    return (policy === 'Local' ? local : cluster).length > 0;
  }

  /** New traffic may go to the endpoint `ip:port`. */
  isTaking(endpoint: string): boolean {
    return this.#taking.has(endpoint);
  }

  /** In the order in which they are to be tried. `nowMs` is monotonic. */
  candidates(client: string, policy: TrafficPolicy, nowMs: number): Endpoint[] {
    const { options, affinityMs } = this.#plan;
    const inTurn = this.#turns[policy].turn();
    const order = options.balance === 'least-connections' ? this.#leastFirst(inTurn) : inTurn;
    const kept = affinityMs === undefined ? undefined : this.#affinity.find(client, affinityMs, nowMs);
    return kept === undefined ? order : firstOf(order, kept);
  }

  /** A client has been joined to an endpoint. */
  joined(client: string, endpoint: Endpoint, nowMs: number): void {
    const id = endpointId(endpoint);
    this.#connections.set(id, (this.#connections.get(id) ?? 0) + 1);
    if (this.#plan.affinityMs !== undefined) this.#affinity.keep(client, id, nowMs);
  }

  parted(endpoint: Endpoint): void {
    const id = endpointId(endpoint);
    const left = (this.#connections.get(id) ?? 1) - 1;
    if (left > 0) this.#connections.set(id, left);
    else this.#connections.delete(id);
  }

  /** Equals stay in turn. */
  #leastFirst(endpoints: Endpoint[]): Endpoint[] {
    const count = (endpoint: Endpoint) => this.#connections.get(endpointId(endpoint)) ?? 0;
    return endpoints.sort((a, b) => count(a) - count(b));
  }
}

function firstOf(order: Endpoint[], id: string): Endpoint[] {
  const kept = order.find((endpoint) => endpointId(endpoint) === id);
  return kept ? [kept, ...order.filter((endpoint) => endpoint !== kept)] : order;
}
