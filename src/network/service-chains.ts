// The chains through which a Service's connections come to an endpoint, where each is counted, and the sets in which
// those with affinity note their clients. Pure; service-rules.ts says what the names mean.
import { isInRange, urlHost } from '../base/ip.ts';
import { allEndpoints, type EndpointAddress, type KernelPort } from './kernel-port.ts';
import { isOfFamily, type RulePlace } from './rule-family.ts';

export interface ServiceChains {
  /** Rules by name. */
  chains: Map<string, string[]>;
  /** Declarations by name. */
  sets: Map<string, string>;
  /** Names: each counts the connections of the endpoint whose chain has the same name. */
  counters: Set<string>;
}

type Policy = KernelPort['insiders'];

/** As kube-proxy's: a set that is full keeps no more clients, and forwards them all the same. */
const MAX_CLIENTS = 65_535;

export function serviceChains(place: RulePlace, ports: readonly KernelPort[]): ServiceChains {
  const all: ServiceChains = { chains: new Map(), sets: new Map(), counters: new Set() };
  for (const port of ports) {
    for (const policy of new Set([port.insiders, port.outsiders])) addBackend(all, port, policy, place);
    if (entryChain(port).startsWith('way/')) all.chains.set(entryChain(port), wayRules(port, place));
  }
  return all;
}

/** Where its connections begin: ways that let in everybody on the same terms lead to the endpoints straight. */
export function entryChain(port: KernelPort): string {
  const isPlain = port.insiders === port.outsiders && port.sourceRanges.length === 0;
  return isPlain ? backendChain(port, port.insiders) : `way/${word(port.ip)}/${port.protocol}/${port.port}`;
}

/** An address as part of a name, which takes no colons; as kube-proxy writes it. */
const word = (ip: string) => ip.replaceAll(':', '.');
const backendChain = ({ backend }: KernelPort, policy: Policy) => `${policy}/${backend}`;
const endpointChain = ({ backend }: KernelPort, { ip, port }: EndpointAddress) =>
  `ep/${backend}/${word(ip)}/${port}`;
/** A set's time cannot be changed: with another time it is another set. */
const stickySet = (port: KernelPort, endpoint: EndpointAddress) =>
  `sticky/${port.affinityS}s/${port.backend}/${word(endpoint.ip)}/${endpoint.port}`;

function wayRules(port: KernelPort, { family, podRange }: RulePlace): string[] {
  const { insiders, outsiders, sourceRanges, endpoints } = port;
  const ip = family.name;
  const sources = sourceRanges.filter((range) => isOfFamily(range, family));
  if (sources.length < sourceRanges.length && sources.length === 0) return ['accept'];
  const to = (policy: Policy) =>
    endpoints[policy].length > 0 ? `goto ${backendChain(port, policy)}` : 'accept';
  return [
    ...(sources.length > 0 ? [`${ip} saddr != { ${sources.join(', ')} } accept`] : []),
    `${ip} saddr ${podRange} ${to(insiders)}`,
    `fib saddr type local ${to(insiders)}`,
    to(outsiders),
  ];
}

function addBackend(all: ServiceChains, port: KernelPort, policy: Policy, place: RulePlace): void {
  const endpoints = port.endpoints[policy];
  if (endpoints.length === 0) return;
  const rules = [...exempt(port, place), ...kept(port, endpoints, place), inTurn(port, endpoints)];
  all.chains.set(backendChain(port, policy), rules);
  for (const endpoint of endpoints) addEndpoint(all, port, endpoint, place);
}

function addEndpoint(
  { chains, sets, counters }: ServiceChains,
  port: KernelPort,
  endpoint: EndpointAddress,
  { family: { name: ip, addressType } }: RulePlace,
): void {
  const name = endpointChain(port, endpoint);
  const note: string[] = [];
  if (port.affinityS !== undefined) {
    const set = stickySet(port, endpoint);
    sets.set(
      set,
      `type ${addressType}; flags dynamic, timeout; timeout ${port.affinityS}s; size ${MAX_CLIENTS};`,
    );
    note.push(`update @${set} { ${ip} saddr }`);
  }
  const to = `${urlHost(endpoint.ip)}:${endpoint.port}`;
  counters.add(name);
  chains.set(name, [...note, `counter name "${name}" meta l4proto ${port.protocol} dnat to ${to}`]);
}

/**
 * Pods of this board that are endpoints themselves, by their addresses: who made the endpoint may not have said where.
 */
function exempt(port: KernelPort, { family, podCIDR }: RulePlace): string[] {
  const addresses = allEndpoints(port).map(({ ip }) => ip);
  const own = new Set(addresses.filter((ip) => isInRange(ip, podCIDR)));
  return own.size > 0 ? [`${family.name} saddr { ${[...own].join(', ')} } accept`] : [];
}

function kept(port: KernelPort, endpoints: readonly EndpointAddress[], { family }: RulePlace): string[] {
  if (port.affinityS === undefined) return [];
  return endpoints.map(
    (endpoint) => `${family.name} saddr @${stickySet(port, endpoint)} goto ${endpointChain(port, endpoint)}`,
  );
}

function inTurn(port: KernelPort, endpoints: readonly EndpointAddress[]): string {
  const [only] = endpoints;
  if (only && endpoints.length === 1) return `goto ${endpointChain(port, only)}`;
  const next = endpoints.map((endpoint, index) => `${index} : goto ${endpointChain(port, endpoint)}`);
  return `numgen inc mod ${endpoints.length} vmap { ${next.join(', ')} }`;
}
