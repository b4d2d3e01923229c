// One port of a Service behind however many listeners: whose turn it is, which client had which endpoint, how
// many connections each endpoint has. All ways in share it, so a client keeps its endpoint on each of them.
import { AffinityTable } from './affinity-table.ts';
import { type Endpoint, endpointId, noEndpoints } from './endpoint-choice.ts';
import type { BackendPlan } from './forwarder-plan.ts';
import { RoundRobin } from './round-robin.ts';
import type { EndpointCount, ServiceLoad } from './service-load.ts';
import type { TrafficPolicy } from './service-view.ts';
import { steadyChoice } from './steady-choice.ts';

/** An endpoint, and what it carries on this board. */
export interface Target extends Endpoint {
  /** `ip:port` */
  readonly id: string;
  active: number;
  /** Since it is known. */
  total: number;
}

export class Backend {
  readonly load: ServiceLoad;
  readonly #turns = { Cluster: new RoundRobin<Target>(), Local: new RoundRobin<Target>() };
  readonly #affinity = new AffinityTable();
  /** By their id: those that take new connections, and those that still have some. */
  #targets = new Map<string, Target>();
  #taking: ReadonlySet<string> = new Set();
  #plan: Pick<BackendPlan, 'protocol' | 'port' | 'endpoints' | 'affinityMs' | 'options'> = {
    protocol: 'tcp',
    port: 0,
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
    const { cluster, local } = plan.endpoints;
    const busy = [...this.#targets].filter(([, { active }]) => active > 0);
    const taking = [...cluster, ...local].map((endpoint) => this.#entryOf(endpoint));
    this.#taking = new Set(taking.map(([id]) => id));
    this.#targets = new Map([...busy, ...taking]);
    this.#turns.Cluster.replace(this.#targetsOf(cluster));
    this.#turns.Local.replace(this.#targetsOf(local));
    if (plan.affinityMs === undefined) this.#affinity.clear();
    return gone;
  }

  /** One that takes traffic again, or on, keeps its numbers. */
  #entryOf(endpoint: Endpoint): [string, Target] {
    const id = endpointId(endpoint);
    return [id, this.#targets.get(id) ?? { ...endpoint, id, active: 0, total: 0 }];
  }

  #targetsOf(endpoints: readonly Endpoint[]): Target[] {
    return endpoints.flatMap((endpoint) => this.#targets.get(endpointId(endpoint)) ?? []);
  }

  /** How many connections each endpoint has had, of those that take or have some. */
  get counts(): EndpointCount[] {
    const { protocol, port } = this.#plan;
    return [...this.#targets.values()].map(({ id, total }) => ({ protocol, port, endpoint: id, total }));
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
  candidates(client: string, policy: TrafficPolicy, nowMs: number): readonly Target[] {
    const { options, affinityMs } = this.#plan;
    const inTurn = this.#turns[policy].turn();
    const order = options.balance === 'least-connections' ? leastFirst(inTurn) : inTurn;
    return affinityMs === undefined ? order : this.#keptFirst(order, client, affinityMs, nowMs);
  }

  /** What a new client gets is kept at once: others of its connections may come while the first is on its way. */
  #keptFirst(order: readonly Target[], client: string, affinityMs: number, nowMs: number): readonly Target[] {
    const isNew = !this.#affinity.has(client) && this.#plan.options.balance === 'round-robin';
    const kept = this.#affinity.find(client, affinityMs, nowMs);
    const candidates = firstOf(order, kept ?? (isNew ? steadyChoice(order, client)?.id : undefined));
    const [first] = candidates;
    if (first && first.id !== kept) this.#affinity.keep(client, first.id, nowMs);
    return candidates;
  }

  /** A client has been joined to an endpoint. */
  joined(client: string, target: Target, nowMs: number): void {
    target.active += 1;
    target.total += 1;
    if (this.#plan.affinityMs !== undefined) this.#affinity.keep(client, target.id, nowMs);
  }

  parted(target: Target): void {
    target.active -= 1;
  }
}

/** Equals stay in turn. */
const leastFirst = (targets: readonly Target[]): Target[] => targets.toSorted((a, b) => a.active - b.active);

function firstOf(order: readonly Target[], id: string | undefined): readonly Target[] {
  const kept = id === undefined ? undefined : order.find((target) => target.id === id);
  return kept ? [kept, ...order.filter((target) => target !== kept)] : order;
}
