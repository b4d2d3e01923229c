// Makes the board's IPv6 addresses, routes and nft table match what the cluster wants, and takes all of it away again.
import {
  type DesiredNetwork,
  type NetworkProblem,
  NFT_TABLE,
  type Peer,
  ROUTE_PROTOCOL,
} from '../board-network.ts';
import type { CommandRunner } from '../command-runner.ts';
import { type DeviceAddresses, listIp } from '../ip-listing.ts';
import { dropping } from '../network-problems.ts';
import { listChains, tableNames } from '../nft-listing.ts';
import type { Route } from '../routes.ts';
import type { Ipv6Forwarding } from './ipv6-forwarding.ts';
import { renderIpv6Table } from './ipv6-table.ts';
import { desiredWays, nothingThere, type ObservedWays, wayCommands } from './ipv6-ways.ts';

export class Ipv6Network {
  readonly #commands: CommandRunner;
  readonly #forwarding: Ipv6Forwarding;
  #appliedTable = '';

  constructor(commands: CommandRunner, forwarding: Ipv6Forwarding) {
    this.#commands = commands;
    this.#forwarding = forwarding;
  }

  /** Returns whether forwarding had to be switched on. */
  prepare(): Promise<boolean> {
    return this.#forwarding.enable();
  }

  async applyTable(desired: DesiredNetwork, hasTunnel: boolean): Promise<void> {
    const table = renderIpv6Table(desired, hasTunnel);
    if (table === this.#appliedTable) return;
    await this.#commands.run('nft', ['-f', '-'], table);
    this.#appliedTable = table;
  }

  /** `tunnelled` are those that the tunnel reaches, `routes` the board's own of IPv4. */
  async applyWays(
    desired: DesiredNetwork,
    tunnelled: readonly Peer[],
    routes: readonly Route[],
  ): Promise<void> {
    const lanDevices = desired.ipv6 ? await this.#lanDevices(desired.address) : [];
    const wanted = desiredWays(desired, { tunnelled, routes, lanDevices });
    await this.#batch(wayCommands(wanted, await this.#observed()));
  }

  /** What of the machine's own keeps pods from being reached. */
  async obstacles({ ipv6 }: DesiredNetwork): Promise<NetworkProblem[]> {
    return ipv6 ? dropping(ipv6.podRange, await listChains(this.#commands, 'ip6'), 'ip6tables') : [];
  }

  /** Returns what was there and is gone, in words. */
  async remove(): Promise<string[]> {
    this.#appliedTable = '';
    const hadTable = await this.#removeTable();
    const observed = await this.#observed();
    const commands = wayCommands(nothingThere, observed);
    await this.#batch(commands);
    const wasSwitched = await this.#forwarding.restore();
    return [
      ...(hadTable ? [`nft table ip6 ${NFT_TABLE}`] : []),
      ...observed.routes.map(({ dst }) => `route to ${dst}`),
      ...commands.flatMap(
        (line) => /^address delete (\S+) dev (\S+)/.exec(line)?.slice(1, 3).join(' of ') ?? [],
      ),
      ...(wasSwitched ? ['net.ipv6.conf.all.forwarding = 1 (is as it was)'] : []),
    ];
  }

  async #removeTable(): Promise<boolean> {
    const isThere = (await tableNames(this.#commands, 'ip6')).includes(NFT_TABLE);
    if (isThere) await this.#commands.run('nft', ['delete', 'table', 'ip6', NFT_TABLE]);
    return isThere;
  }

  async #observed(): Promise<ObservedWays> {
    return {
      devices: await listIp(this.#commands, '-6', 'address', 'show'),
      routes: await listIp(this.#commands, '-6', 'route', 'show', 'proto', ROUTE_PROTOCOL),
    };
  }

  async #lanDevices(address: string | undefined): Promise<string[]> {
    if (!address) return [];
    const found = await listIp<DeviceAddresses>(this.#commands, '-4', 'address', 'show', 'to', address);
    return found.filter(({ addr_info }) => addr_info?.length).map(({ ifname }) => ifname);
  }

  async #batch(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#commands.run('ip', ['-6', '-batch', '-'], `${lines.join('\n')}\n`);
  }
}
