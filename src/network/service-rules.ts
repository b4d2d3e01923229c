// Services as rules of our second nft table, for boards whose kernel forwards them by itself. The text changes the
// table in one transaction and keeps which client had which endpoint; what it no longer names is deleted after it.
// Shaped after kube-proxy's: https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables
import { EVERY_ADDRESS, NFT_SERVICES_TABLE, SERVICE_LISTEN_ADDRESS } from './board-network.ts';
import type { EndpointAddress, KernelPort } from './kernel-port.ts';
import { elements } from './nft-table.ts';
import { entryChain, type PodRanges, serviceChains } from './service-chains.ts';

export interface ServiceRules {
  /** For `nft -f`. */
  text: string;
  /** What lives as long as its Service: `chain NAME`, `counter NAME` or `set NAME`. */
  names: ReadonlySet<string>;
}

/**
 * Before the destination is changed: where bridges pass the rules, a reset leaves with the addresses that it has here.
 */
const PARTED =
  'meta l4proto tcp ct status and dnat != 0 ct direction original ct reply ip saddr . ct reply proto-src @gone reject with tcp reset';
const PARTED_CHAINS = [
  ['parted/arriving', 'type filter hook prerouting priority mangle; policy accept;'],
  ['parted/fromBoard', 'type filter hook output priority mangle; policy accept;'],
] as const;
const BY_PORT = 'inet_proto . inet_service';
const BY_PLACE = `ipv4_addr . ${BY_PORT}`;
/** Maps and sets that are there always, with their types. */
const SHARED: readonly [name: string, type: string][] = [
  ['map addressed', `${BY_PLACE} : verdict`],
  ['map external', `${BY_PLACE} : verdict`],
  ['map own', `${BY_PORT} : verdict`],
  ['set endpoints', BY_PLACE],
  ['set gone', 'ipv4_addr . inet_service'],
  ['set ports', BY_PORT],
  ['set sockets', BY_PLACE],
];

/**
 * - `addressed`: Service addresses, for this board's pods and the board itself. `external`: addresses that the LAN may
 *   use too. `own`: ports on every address of the board.
 * - `way/…`: who may have which endpoints, where that differs. `Cluster/…`, `Local/…`: the endpoints in turn.
 *   `ep/…`: one endpoint, whose counter has the same name, and which notes its clients in `sticky/…`.
 * - `sources`: the client's address is kept wherever the answer comes back over this board by itself. It does not from
 *   another board, nor from a pod beside the asking one, which answers over their bridge. Its port is kept too where
 *   that is free: at random, ports of connections that have ended are met, whose other end then does not answer.
 * - `unserved`: a port of the board that no endpoint takes is refused, though it has a socket.
 * - `parted/…`: connections to an endpoint that is no more end with a reset, at their client's next word.
 *
 * Whom a rule lets through with `accept` meets the maps of our first table, and so the sockets: a pod that is an
 * endpoint itself, because what it sends to itself cannot go through its bridge and back.
 */
export function renderServices(
  ranges: PodRanges & { serviceRange: string },
  ports: readonly KernelPort[],
  gone: readonly EndpointAddress[] = [],
): ServiceRules {
  const { chains, sets, counters } = serviceChains(ranges, ports);
  // Not there while nobody is gone: every packet would pass them.
  if (gone.length > 0) for (const [name, hook] of PARTED_CHAINS) chains.set(name, [hook, PARTED]);
  const members: Record<string, string[]> = {
    ...elementsOf(ports),
    'set gone': gone.map(({ ip, port }) => `${ip} . ${port}`),
  };
  const table = [
    ...[...counters].sort().map((name) => `  counter ${name} { }\n`),
    ...[...sets].sort(byName).map(([name, body]) => `  set ${name} { ${body} }\n`),
    ...[...chains].sort(byName).map(chainText),
    ...SHARED.map(([name, type]) => collection(name, type, members[name] ?? [])),
    fixedChains(ranges),
  ];
  return {
    text: `${renewal()}table ip ${NFT_SERVICES_TABLE} {\n${table.join('')}}\n`,
    names: new Set([
      ...[...chains.keys()].map((name) => `chain ${name}`),
      ...[...counters].map((name) => `counter ${name}`),
      ...[...sets.keys()].map((name) => `set ${name}`),
    ]),
  };
}

/** Deletes what a later text no longer names; not within its transaction, which some kernels refuse. */
export function renderSweep(stale: readonly string[]): string {
  const inOrder = stale.toSorted();
  return inOrder.map((what) => `delete ${what.replace(' ', ` ip ${NFT_SERVICES_TABLE} `)}\n`).join('');
}

/** Chains lose their rules, shared maps their elements; clients' endpoints stay. */
function renewal(): string {
  const declared = SHARED.map(([name, type]) => `  ${name} { type ${type}; }\n`).join('');
  const emptied = SHARED.map(([name]) => `flush ${name.replace(' ', ` ip ${NFT_SERVICES_TABLE} `)}\n`).join(
    '',
  );
  return `table ip ${NFT_SERVICES_TABLE} {\n${declared}}\nflush table ip ${NFT_SERVICES_TABLE}\n${emptied}`;
}

function elementsOf(ports: readonly KernelPort[]): Record<string, string[]> {
  const own = ports.filter(({ isOwn }) => isOwn);
  const leads = ports.filter(isServed);
  const isAny = ({ ip }: KernelPort) => ip === EVERY_ADDRESS;
  const toEntry = (port: KernelPort) =>
    `${isAny(port) ? gate(port) : place(port)} : goto ${entryChain(port)}`;
  return {
    'map addressed': leads.filter(({ isOpen }) => !isOpen).map(toEntry),
    'map external': leads.filter((port) => port.isOpen && !isAny(port)).map(toEntry),
    'map own': leads.filter(isAny).map(toEntry),
    'set endpoints': ports.flatMap(({ endpoints, protocol }) =>
      endpoints.Cluster.map(({ ip, port }) => place({ ip, protocol, port })),
    ),
    'set ports': own.filter(isAny).map(gate),
    'set sockets': own.filter((port) => !isAny(port)).map(place),
  };
}

function fixedChains({ podCIDR, serviceRange }: { podCIDR: string; serviceRange: string }): string {
  return `  chain fromAnywhere {
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
    ip saddr ${SERVICE_LISTEN_ADDRESS} masquerade
    ip saddr ${podCIDR} ip daddr ${podCIDR} masquerade
    ip saddr ${podCIDR} return
    ip daddr ${podCIDR} return
    ip daddr . meta l4proto . th dport @endpoints masquerade
  }
  chain unserved {
    type filter hook input priority filter; policy accept;
    iifname "lo" return
    ct state != new return
    ct status and dnat != 0 return
    ip saddr ${podCIDR} return
    meta l4proto tcp meta l4proto . th dport @ports reject with tcp reset
    meta l4proto tcp ip daddr . meta l4proto . th dport @sockets reject with tcp reset
    meta l4proto udp meta l4proto . th dport @ports reject
    meta l4proto udp ip daddr . meta l4proto . th dport @sockets reject
  }
`;
}

/** Somebody may get an endpoint by it. */
function isServed({ insiders, outsiders, endpoints }: KernelPort): boolean {
  return endpoints[insiders].length + endpoints[outsiders].length > 0;
}

type Place = Pick<KernelPort, 'ip' | 'protocol' | 'port'>;
const gate = ({ protocol, port }: Omit<Place, 'ip'>) => `${protocol} . ${port}`;
const place = (where: Place) => `${where.ip} . ${gate(where)}`;
const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

/** Each once: ways into the same Service share their endpoints. */
function collection(name: string, type: string, lines: readonly string[]): string {
  return `  ${name} {\n    type ${type}\n${elements([...new Set(lines)])}  }\n`;
}

const chainText = ([name, rules]: [string, string[]]) =>
  `  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`;
