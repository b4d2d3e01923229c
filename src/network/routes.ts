// Routes to other boards' pods and to the Service range: what there should be against what carries our mark.
import { type DesiredNetwork, type Peer, ROUTE_PROTOCOL, SERVICE_LISTEN_ADDRESS } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import { listIp } from './ip-listing.ts';
import type { FamilyName } from './rule-family.ts';
import { endOf, TUNNEL_DEVICE } from './tunnel.ts';

/** A route as `ip -json route show` prints it, of either family. */
export interface Route {
  dst: string;
  gateway?: string;
  dev?: string;
  prefsrc?: string;
  /** `onlink`: the gateway is behind the device, whatever the device's addresses say. */
  flags?: readonly string[];
}

/** Those that carry our mark. */
export function ownRoutes(commands: CommandRunner): Promise<Route[]> {
  return listIp(commands, 'route', 'show', 'proto', ROUTE_PROTOCOL);
}

/** The board's own: neither ours, nor to pods behind their bridge, nor to an address of the board. */
export async function foreignRoutes(
  commands: CommandRunner,
  bridge: string,
  family: FamilyName,
): Promise<Route[]> {
  const of = family === 'ip' ? '-4' : '-6';
  const all = await listIp<Route & { protocol?: string }>(commands, of, 'route', 'show');
  return all.filter(({ protocol, dev }) => protocol !== ROUTE_PROTOCOL && dev !== bridge && dev !== 'lo');
}

/** Arguments of one `ip` call. */
type IpCommand = readonly string[];

/**
 * The Service range leads to `lo`: without a route a board that has no default route could not even send to a
 * Service; what the nft table does not map to a listener is refused there. `distant` are those peers that the tunnel
 * reaches.
 */
export function desiredRoutes(
  { peers, podCIDR, serviceRange }: DesiredNetwork,
  distant: readonly Peer[] = [],
): Route[] {
  if (podCIDR === undefined) return [];
  const service: Route = { dst: serviceRange, dev: 'lo', prefsrc: SERVICE_LISTEN_ADDRESS };
  const own = podCIDR.slice(0, podCIDR.indexOf('/'));
  const routes = peers.map((peer) =>
    distant.includes(peer)
      ? { dst: peer.podCIDR, gateway: endOf(peer).inner, dev: TUNNEL_DEVICE, prefsrc: own, flags: ['onlink'] }
      : { dst: peer.podCIDR, gateway: peer.address },
  );
  return [service, ...routes];
}

export function routeCommands(desired: readonly Route[], observed: readonly Route[]): IpCommand[] {
  const { gone, changed } = routeChanges(desired, observed);
  return [...gone, ...changed];
}

/** Of either family. In two parts, for what must stand between them: addresses that routes speak of. */
export function routeChanges(
  desired: readonly Route[],
  observed: readonly Route[],
): { gone: IpCommand[]; changed: IpCommand[] } {
  const wanted = new Map(desired.map((route) => [route.dst, route]));
  const present = new Map(observed.map((route) => [route.dst, route]));
  const gone = observed.filter((route) => !wanted.has(route.dst)).map(removal);
  const changed = desired.filter((route) => !isSame(route, present.get(route.dst))).map(replacement);
  return { gone, changed };
}

function isSame(wanted: Route, present: Route | undefined): boolean {
  if (!present) return false;
  return wanted.gateway === present.gateway && (!wanted.dev || wanted.dev === present.dev);
}

function removal({ dst }: Route): IpCommand {
  return ['route', 'delete', dst, 'proto', ROUTE_PROTOCOL];
}

function replacement({ dst, gateway, dev, prefsrc, flags = [] }: Route): IpCommand {
  const via = gateway ? ['via', gateway] : [];
  const device = dev ? ['dev', dev] : [];
  const source = prefsrc ? ['src', prefsrc] : [];
  return ['route', 'replace', dst, ...via, ...device, 'proto', ROUTE_PROTOCOL, ...source, ...flags];
}
