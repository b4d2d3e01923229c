// Services as rules of our second nft table, for boards whose kernel forwards them by itself. The text changes the
// table in one transaction and keeps which client had which endpoint; what it no longer names is deleted after it.
// Shaped after kube-proxy's: https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables
import { type DesiredNetwork, NFT_SERVICES_TABLE, SERVICE_LISTEN_ADDRESS } from './board-network.ts';
import type { EndpointAddress, KernelPort } from './kernel-port.ts';

export interface ServiceRules {
  /** For `nft -f`. */
  text: string;
  /** Chains and sets whose lives are their Services': `chain NAME` or `set NAME`. */
  names: ReadonlySet<string>;
}

const ANY = '0.0.0.0';
/** As kube-proxy's: a set that is full keeps no more clients, and forwards them all the same. */
const MAX_CLIENTS = 65_535;
const SHARED = ['map addressed', 'map external', 'map own', 'set away', 'set ports', 'set sockets'];

type Ranges = Pick<DesiredNetwork, 'podRange' | 'serviceRange'> & { podCIDR: string };

/**
 * - `addressed`: Service addresses, for this board's pods and the board itself. `external`: addresses that the LAN may
 *   use too. `own`: ports on every address of the board.
 * - `way/…`: who may have which endpoints, where that differs. `Cluster/…`, `Local/…`: the endpoints in turn.
 *   `ep/…`: one endpoint, which notes its clients in `sticky/…`.
 * - `sources`: the client's address is kept wherever the answer comes back over this board by itself. It does not from
 *   another board, nor from a pod beside the asking one, which answers over their bridge.
 * - `unserved`: a port of the board that no endpoint takes is refused, though it has a socket.
 *
 * Whom a rule lets through with `accept` meets the maps of our first table, and so the sockets: a pod that is an
 * endpoint itself, because what it sends to itself cannot go through its bridge and back.
 */
export function renderServices(ranges: Ranges, ports: readonly KernelPort[]): ServiceRules {
  const { podCIDR, serviceRange } = ranges;
  const chains = new Map<string, string[]>();
  const sets = new Map<string, string>();
  for (const port of ports) addPort(chains, sets, port, ranges);
  const served = ports.filter(isServed);
  const own = ports.filter(({ isOwn }) => isOwn);
  const text = `${renewal()}
table ip ${NFT_SERVICES_TABLE} {
${[...sets]
  .sort(byName)
  .map(([name, body]) => `  set ${name} { ${body} }\n`)
  .join('')}${[...chains].sort(byName).map(chainText).join('')}\
  map addressed {
    type ipv4_addr . inet_proto . inet_service : verdict
${elements(served.filter(({ isOpen }) => !isOpen).map((port) => `${place(port)} : goto ${entry(port)}`))}  }
  map external {
    type ipv4_addr . inet_proto . inet_service : verdict
${elements(served.filter(({ isOpen, ip }) => isOpen && ip !== ANY).map((port) => `${place(port)} : goto ${entry(port)}`))}  }
  map own {
    type inet_proto . inet_service : verdict
${elements(served.filter(({ ip }) => ip === ANY).map((port) => `${gate(port)} : goto ${entry(port)}`))}  }
  set away {
    type ipv4_addr . inet_proto . inet_service
${elements(ports.flatMap(away))}  }
  set ports {
    type inet_proto . inet_service
${elements(own.filter(({ ip }) => ip === ANY).map(gate))}  }
  set sockets {
    type ipv4_addr . inet_proto . inet_service
${elements(own.filter(({ ip }) => ip !== ANY).map(place))}  }
  chain fromAnywhere {
    ip daddr . meta l4proto . th dport vmap @external
    fib daddr type local ip daddr != { 127.0.0.0/8, ${SERVICE_LISTEN_ADDRESS} } meta l4proto . th dport vmap @own
  }
  chain arriving {
    type nat hook prerouting priority -111; policy accept;
    ip saddr ${podCIDR} ip daddr ${serviceRange} ip daddr . meta l4proto . th dport vmap @addressed
    jump fromAnywhere
  }
  chain fromBoard {
    type nat hook output priority -111; policy accept;
    ip daddr ${serviceRange} ip daddr . meta l4proto . th dport vmap @addressed
    jump fromAnywhere
  }
  chain sources {
    type nat hook postrouting priority 80; policy accept;
    ct status and dnat == 0 return
    oifname "lo" return
    ip saddr ${SERVICE_LISTEN_ADDRESS} masquerade fully-random
    ip saddr ${podCIDR} ip daddr ${podCIDR} masquerade fully-random
    ip saddr != ${podCIDR} ip daddr . meta l4proto . th dport @away masquerade fully-random
  }
  chain unserved {
    type filter hook input priority filter; policy accept;
    iifname "lo" return
    ct state != new return
    ct status and dnat != 0 return
    ip saddr ${podCIDR} return
    meta l4proto tcp meta l4proto . th dport @ports reject with tcp reset
    meta l4proto tcp ip daddr . meta l4proto . th dport @sockets reject with tcp reset
  }
}
`;
  const names = [
    ...[...chains.keys()].map((name) => `chain ${name}`),
    ...[...sets.keys()].map((name) => `set ${name}`),
  ];
  return { text, names: new Set(names) };
}

/** Deletes what a later text no longer names; not within its transaction, which some kernels refuse. */
export function renderSweep(stale: readonly string[]): string {
  const inOrder = stale.toSorted();
  return inOrder.map((what) => `delete ${what.replace(' ', ` ip ${NFT_SERVICES_TABLE} `)}\n`).join('');
}

/** Chains lose their rules, shared maps their elements; clients' endpoints stay. */
function renewal(): string {
  const declared = SHARED.map((what) => `  ${what} { type ${typeOf(what)}; }\n`).join('');
  const emptied = SHARED.map((what) => `flush ${what.replace(' ', ` ip ${NFT_SERVICES_TABLE} `)}\n`).join('');
  return `table ip ${NFT_SERVICES_TABLE} {\n${declared}}\nflush table ip ${NFT_SERVICES_TABLE}\n${emptied}`;
}

function typeOf(what: string): string {
  const key = /own|ports/.test(what) ? 'inet_proto . inet_service' : 'ipv4_addr . inet_proto . inet_service';
  return what.startsWith('map') ? `${key} : verdict` : key;
}

function addPort(
  chains: Map<string, string[]>,
  sets: Map<string, string>,
  port: KernelPort,
  ranges: Ranges,
): void {
  for (const policy of new Set([port.insiders, port.outsiders])) addBackend(chains, sets, port, policy);
  if (entry(port).startsWith('way/')) chains.set(entry(port), wayRules(port, ranges));
}

/** Ways that let in everybody on the same terms lead to the endpoints straight. */
function entry(port: KernelPort): string {
  const isPlain = port.insiders === port.outsiders && port.sourceRanges.length === 0;
  return isPlain ? backendChain(port, port.insiders) : `way/${port.ip}/${port.protocol}/${port.port}`;
}

const backendChain = ({ backend }: KernelPort, policy: KernelPort['insiders']) => `${policy}/${backend}`;

function wayRules(port: KernelPort, { podRange }: Ranges): string[] {
  const { insiders, outsiders, sourceRanges, endpoints } = port;
  const to = (policy: KernelPort['insiders']) =>
    endpoints[policy].length > 0 ? `goto ${backendChain(port, policy)}` : 'accept';
  return [
    ...(sourceRanges.length > 0 ? [`ip saddr != { ${sourceRanges.join(', ')} } accept`] : []),
    `ip saddr ${podRange} ${to(insiders)}`,
    `fib saddr type local ${to(insiders)}`,
    to(outsiders),
  ];
}

function addBackend(
  chains: Map<string, string[]>,
  sets: Map<string, string>,
  port: KernelPort,
  policy: KernelPort['insiders'],
): void {
  const endpoints = port.endpoints[policy];
  if (endpoints.length === 0) return;
  const name = backendChain(port, policy);
  const own = [...new Set(port.endpoints.Local.map(({ ip }) => ip))];
  const exempt = own.length > 0 ? [`ip saddr { ${own.join(', ')} } accept`] : [];
  if (port.affinityS === undefined) return void chains.set(name, [...exempt, inTurn(port, endpoints)]);
  for (const endpoint of endpoints) addEndpoint(chains, sets, port, endpoint);
  const known = endpoints.map(
    (endpoint) => `ip saddr @${stickySet(port, endpoint)} goto ${endpointChain(port, endpoint)}`,
  );
  const next = endpoints.map((endpoint, index) => `${index} : goto ${endpointChain(port, endpoint)}`);
  chains.set(name, [...exempt, ...known, `numgen inc mod ${endpoints.length} vmap { ${next.join(', ')} }`]);
}

function inTurn({ protocol }: KernelPort, endpoints: readonly EndpointAddress[]): string {
  const [only] = endpoints;
  if (only && endpoints.length === 1) return `meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`;
  const choices = endpoints.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`).join(', ');
  return `meta l4proto ${protocol} dnat ip addr . port to numgen inc mod ${endpoints.length} map { ${choices} }`;
}

function addEndpoint(
  chains: Map<string, string[]>,
  sets: Map<string, string>,
  port: KernelPort,
  endpoint: EndpointAddress,
): void {
  const set = stickySet(port, endpoint);
  sets.set(set, `type ipv4_addr; flags dynamic, timeout; timeout ${port.affinityS}s; size ${MAX_CLIENTS};`);
  chains.set(endpointChain(port, endpoint), [`update @${set} { ip saddr }`, inTurn(port, [endpoint])]);
}

/** A set's time cannot be changed: with another time it is another set. */
const stickySet = (port: KernelPort, endpoint: EndpointAddress) =>
  `sticky/${port.affinityS}s/${port.backend}/${endpoint.ip}/${endpoint.port}`;

const endpointChain = ({ backend }: KernelPort, { ip, port }: EndpointAddress) =>
  `ep/${backend}/${ip}/${port}`;

/** Somebody may get an endpoint by it. */
function isServed({ insiders, outsiders, endpoints }: KernelPort): boolean {
  return endpoints[insiders].length + endpoints[outsiders].length > 0;
}

function away({ endpoints, protocol }: KernelPort): string[] {
  const here = new Set(endpoints.Local.map(({ ip, port }) => `${ip}:${port}`));
  return endpoints.Cluster.filter(({ ip, port }) => !here.has(`${ip}:${port}`)).map(
    ({ ip, port }) => `${ip} . ${protocol} . ${port}`,
  );
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
const gate = ({ protocol, port }: KernelPort) => `${protocol} . ${port}`;
const place = (port: KernelPort) => `${port.ip} . ${gate(port)}`;

/** Sorted and each once, so that the same world gives the same text. */
function elements(lines: readonly string[]): string {
  const all = [...new Set(lines)].sort();
  return all.length === 0 ? '' : `    elements = {\n      ${all.join(',\n      ')}\n    }\n`;
}

const chainText = ([name, rules]: [string, string[]]) =>
  `  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`;
