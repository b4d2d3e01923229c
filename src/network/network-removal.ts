// Takes all of the cluster's network off a board, and nothing else: tables by our names, routes by our mark, our
// address and our device. Works on whatever is there, so that it serves a board whose agent is long dead as well.
import { SERVICE_LISTEN_ADDRESS } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import type { ConnectionTracking } from './connection-tracking.ts';
import { applyFirewallRules } from './firewall-rules.ts';
import { type DeviceAddresses, listIp } from './ip-listing.ts';
import type { Ipv6Network } from './ipv6/ipv6-network.ts';
import type { KernelSwitch } from './kernel-switch.ts';
import { listChains } from './nft-listing.ts';
import { ipv4Tables } from './nft-table.ts';
import { NftTables } from './nft-tables.ts';
import { ownRoutes, routeCommands } from './routes.ts';
import { TUNNEL_DEVICE } from './tunnel.ts';
import { TunnelDevice } from './tunnel-device.ts';

export interface BoardDoors {
  commands: CommandRunner;
  forwarding: KernelSwitch;
  tracking?: ConnectionTracking | undefined;
  portReuse?: KernelSwitch | undefined;
  ipv6?: Ipv6Network | undefined;
}

/** Returns what was there and is gone, in words. To be called when pods are gone, and their bridge with them. */
export async function removeNetwork(doors: BoardDoors): Promise<string[]> {
  const { commands, forwarding, tracking, portReuse, ipv6 } = doors;
  const second = (await ipv6?.remove()) ?? [];
  const tables = await new NftTables(commands, ipv4Tables).remove();
  const routes = await removeRoutes(commands);
  const hadTunnel = await new TunnelDevice(commands).remove();
  const hadAddress = await removeAddress(commands);
  const hadForward = await applyFirewallRules(commands, 'ip', undefined, await listChains(commands));
  const wasRaised = (await tracking?.restore()) === true;
  const wasReused = (await portReuse?.restore()) === true;
  const wasSwitched = await forwarding.restore();
  return [
    ...second,
    ...tables,
    ...routes.map((destination) => `route to ${destination}`),
    ...(hadTunnel ? [`device ${TUNNEL_DEVICE}`] : []),
    ...(hadAddress ? [`address ${SERVICE_LISTEN_ADDRESS} of lo`] : []),
    ...(hadForward ? ["rules for pods of iptables' filter"] : []),
    ...(wasRaised ? ['size of net.netfilter.nf_conntrack_max (is as it was)'] : []),
    ...(wasReused ? ['net.ipv4.tcp_tw_reuse = 1 (is as it was)'] : []),
    ...(wasSwitched ? ['net.ipv4.ip_forward = 1 (is as it was)'] : []),
  ];
}

async function removeRoutes(commands: CommandRunner): Promise<string[]> {
  const routes = await ownRoutes(commands);
  for (const command of routeCommands([], routes)) await commands.run('ip', command);
  return routes.map(({ dst }) => dst);
}

async function removeAddress(commands: CommandRunner): Promise<boolean> {
  const address = `${SERVICE_LISTEN_ADDRESS}/32`;
  const found = await listIp<DeviceAddresses>(commands, 'address', 'show', 'dev', 'lo', 'to', address);
  const isThere = found.some(({ addr_info }) => addr_info?.length);
  if (isThere) await commands.run('ip', ['address', 'delete', address, 'dev', 'lo']);
  return isThere;
}
