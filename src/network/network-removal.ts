// Takes all of the cluster's network off a board, and nothing else: tables by our names, routes by our mark, our address
// and our device. Works on whatever is there, so that it serves a board whose agent is long dead as well.
import { SERVICE_LISTEN_ADDRESS } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import type { IpForwarding } from './ip-forwarding.ts';
import { hasNoNetwork, holdsOnlyLeftovers, type NftEntry } from './netavark-leftovers.ts';
import { NftTables } from './nft-tables.ts';
import { ownRoutes, routeCommands } from './routes.ts';
import { TUNNEL_DEVICE } from './tunnel.ts';
import { TunnelDevice } from './tunnel-device.ts';

/** Returns what was there and is gone, in words. To be called when pods are gone, and their bridge with them. */
export async function removeNetwork(commands: CommandRunner, forwarding: IpForwarding): Promise<string[]> {
  const tables = await new NftTables(commands).remove();
  const routes = await removeRoutes(commands);
  const hadTunnel = await new TunnelDevice(commands).remove();
  const hadAddress = await removeAddress(commands);
  const leftovers = await removeNetavarkLeftovers(commands);
  const wasSwitched = await forwarding.restore();
  return [
    ...tables.map((name) => `nft table ip ${name}`),
    ...routes.map((destination) => `route to ${destination}`),
    ...(hadTunnel ? [`device ${TUNNEL_DEVICE}`] : []),
    ...(hadAddress ? [`address ${SERVICE_LISTEN_ADDRESS} of lo`] : []),
    ...leftovers.map((table) => `nft table ${table}, which podman had left empty`),
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
  const found = JSON.parse(
    await commands.run('ip', ['-json', 'address', 'show', 'dev', 'lo', 'to', address]),
  );
  const isThere = (found as { addr_info?: unknown[] }[]).some(({ addr_info }) => addr_info?.length);
  if (isThere) await commands.run('ip', ['address', 'delete', address, 'dev', 'lo']);
  return isThere;
}

async function removeNetavarkLeftovers(commands: CommandRunner): Promise<string[]> {
  const removed = [];
  for (const table of ['ip nat', 'ip filter', 'inet netavark']) {
    const [family = '', name = ''] = table.split(' ');
    const entries = await tableEntries(commands, family, name);
    const isLeftover = family === 'inet' ? hasNoNetwork(entries) : holdsOnlyLeftovers(entries);
    if (entries.length === 0 || !isLeftover) continue;
    await commands.run('nft', ['delete', 'table', family, name]);
    removed.push(table);
  }
  return removed;
}

/** Empty when there is no such table. */
async function tableEntries(commands: CommandRunner, family: string, name: string): Promise<NftEntry[]> {
  const { nftables } = JSON.parse(await commands.run('nft', ['--json', 'list', 'tables']));
  const isThere = (nftables as { table?: { family: string; name: string } }[]).some(
    ({ table }) => table?.family === family && table.name === name,
  );
  if (!isThere) return [];
  const listing = await commands.run('nft', ['--json', 'list', 'table', family, name]);
  return JSON.parse(listing).nftables;
}
