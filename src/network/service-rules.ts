// Services as rules of our second nft table, for boards whose kernel forwards them by itself. The text changes the
// table in one transaction and keeps which client had which endpoint; what it no longer names is deleted after it.
// Shaped after kube-proxy's: https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables
import { NFT_SERVICES_TABLE } from './board-network.ts';
import { allEndpoints, type EndpointAddress, type KernelPort } from './kernel-port.ts';
import { elements } from './nft-elements.ts';
import type { RuleFamily, RulePlace } from './rule-family.ts';
import { entryChain, serviceChains } from './service-chains.ts';
import { hookChains } from './service-hooks.ts';

export interface ServiceRules {
  /** For `nft -f`. */
  text: string;
  /** What lives as long as its Service: `chain NAME`, `counter NAME` or `set NAME`. */
  names: ReadonlySet<string>;
}

/**
 * Before the destination is changed: where bridges pass the rules, a reset leaves with the addresses that it has here.
 */
const parted = ({ name }: RuleFamily) =>
  `meta l4proto tcp ct status and dnat != 0 ct direction original ct reply ${name} saddr . ct reply proto-src @gone reject with tcp reset`;
const PARTED_CHAINS = [
  ['parted/arriving', 'type filter hook prerouting priority mangle; policy accept;'],
  ['parted/fromBoard', 'type filter hook output priority mangle; policy accept;'],
] as const;
const BY_PORT = 'inet_proto . inet_service';
/** Maps and sets that are there always, with their types. */
const shared = ({ addressType }: RuleFamily): readonly [name: string, type: string][] => [
  ['map addressed', `${addressType} . ${BY_PORT} : verdict`],
  ['map external', `${addressType} . ${BY_PORT} : verdict`],
  ['map own', `${BY_PORT} : verdict`],
  ['set endpoints', `${addressType} . ${BY_PORT}`],
  ['set gone', `${addressType} . inet_service`],
  ['set ports', BY_PORT],
  ['set sockets', `${addressType} . ${BY_PORT}`],
];

/**
 * - `addressed`: Service addresses, for this board's pods and the board itself. `external`: addresses that the LAN may
 *   use too. `own`: ports on every address of the board.
 * - `way/…`: who may have which endpoints, where that differs. `Cluster/…`, `Local/…`: the endpoints in turn.
 *   `ep/…`: one endpoint, whose counter has the same name, and which notes its clients in `sticky/…`.
 * - `sources`: the client's address is kept wherever the answer comes back over this board by itself. It does not from
 *   another board, nor from a pod beside the asking one, which answers over their bridge. Its port is kept too where
 *   that is free: at random, ports of connections that have ended are met, whose other end then does not answer.
 *   Other boards know this one's IPv4 address on the LAN, and of IPv6 only the one that it has in the cluster.
 * - `astray`: a packet of a pod or endpoint that fits no connection, such as one that was sent twice and late, would
 *   keep its source: who gets it knows nothing of a connection with that, and resets it. So it is dropped, as by
 *   kube-proxy; for what comes to the board itself `unserved` does the same.
 * - `unserved`: a port of the board that no endpoint takes is refused, though it has a socket.
 * - `parted/…`: connections to an endpoint that is no more end with a reset, at their client's next word.
 *
 * Whom a rule lets through with `accept` meets the maps of our first table, and so the sockets: a pod that is an
 * endpoint itself, because what it sends to itself cannot go through its bridge and back.
 */
export function renderServices(
  place: RulePlace,
  ports: readonly KernelPort[],
  gone: readonly EndpointAddress[] = [],
): ServiceRules {
  const { family } = place;
  const { chains, sets, counters } = serviceChains(place, ports);
  // Not there while nobody is gone: every packet would pass them.
  if (gone.length > 0) for (const [name, hook] of PARTED_CHAINS) chains.set(name, [hook, parted(family)]);
  const members: Record<string, string[]> = {
    ...elementsOf(family, ports),
    'set gone': gone.map(({ ip, port }) => `${ip} . ${port}`),
  };
  const table = [
    ...[...counters].sort().map((name) => `  counter ${name} { }\n`),
    ...[...sets].sort(byName).map(([name, body]) => `  set ${name} { ${body} }\n`),
    ...[...chains].sort(byName).map(chainText),
    ...shared(family).map(([name, type]) => collection(name, type, members[name] ?? [])),
    hookChains(place),
  ];
  return {
    text: `${renewal(family)}table ${family.name} ${NFT_SERVICES_TABLE} {\n${table.join('')}}\n`,
    names: new Set([
      ...[...chains.keys()].map((name) => `chain ${name}`),
      ...[...counters].map((name) => `counter ${name}`),
      ...[...sets.keys()].map((name) => `set ${name}`),
    ]),
  };
}

/** Deletes what a later text no longer names; not within its transaction, which some kernels refuse. */
export function renderSweep({ name }: RuleFamily, stale: readonly string[]): string {
  const inOrder = stale.toSorted();
  return inOrder.map((what) => `delete ${what.replace(' ', ` ${name} ${NFT_SERVICES_TABLE} `)}\n`).join('');
}

/** Chains lose their rules, shared maps their elements; clients' endpoints stay. */
function renewal(family: RuleFamily): string {
  const table = `${family.name} ${NFT_SERVICES_TABLE}`;
  const all = shared(family);
  const declared = all.map(([name, type]) => `  ${name} { type ${type}; }\n`).join('');
  const emptied = all.map(([name]) => `flush ${name.replace(' ', ` ${table} `)}\n`).join('');
  return `table ${table} {\n${declared}}\nflush table ${table}\n${emptied}`;
}

function elementsOf({ any }: RuleFamily, ports: readonly KernelPort[]): Record<string, string[]> {
  const own = ports.filter(({ isOwn }) => isOwn);
  const leads = ports.filter(isServed);
  const isAny = ({ ip }: KernelPort) => ip === any;
  const toEntry = (port: KernelPort) =>
    `${isAny(port) ? gate(port) : place(port)} : goto ${entryChain(port)}`;
  return {
    'map addressed': leads.filter(({ isOpen }) => !isOpen).map(toEntry),
    'map external': leads.filter((port) => port.isOpen && !isAny(port)).map(toEntry),
    'map own': leads.filter(isAny).map(toEntry),
    'set endpoints': ports.flatMap((of) =>
      allEndpoints(of).map(({ ip, port }) => place({ ip, protocol: of.protocol, port })),
    ),
    'set ports': own.filter(isAny).map(gate),
    'set sockets': own.filter((port) => !isAny(port)).map(place),
  };
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
