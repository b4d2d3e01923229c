// Makes the board's IPv6 addresses, routes and nft table match what the cluster wants, and takes all of it away again.
import { type DesiredNetwork, type NetworkProblem, type Peer, ROUTE_PROTOCOL } from '../board-network.ts';
import type { CommandRunner } from '../command-runner.ts';
import { applyFirewallRules } from '../firewall-rules.ts';
import { type DeviceAddresses, listIp } from '../ip-listing.ts';
import { findProblems } from '../network-problems.ts';
import { listChains } from '../nft-listing.ts';
import { NftTables } from '../nft-tables.ts';
import { foreignRoutes, type Route } from '../routes.ts';
import type { WatchedTables } from '../rule-watch.ts';
import { boardAddress } from './ipv6-addresses.ts';
import type { Ipv6Forwarding } from './ipv6-forwarding.ts';
import { ipv6Tables } from './ipv6-table.ts';
import { desiredWays, nothingThere, type ObservedWays, wayCommands } from './ipv6-ways.ts';

export class Ipv6Network {
  readonly #commands: CommandRunner;
  readonly #forwarding: Ipv6Forwarding;
  readonly #bridge: string;
  readonly #tables: NftTables;

  /** `bridge` is the pods'. */
  constructor(commands: CommandRunner, forwarding: Ipv6Forwarding, bridge: string) {
    this.#commands = commands;
    this.#forwarding = forwarding;
    this.#bridge = bridge;
    this.#tables = new NftTables(commands, ipv6Tables);
  }

  /** Returns whether forwarding had to be switched on. */
  prepare(): Promise<boolean> {
    return this.#forwarding.enable();
  }

  applyTables(desired: DesiredNetwork, hasTunnel: boolean): Promise<void> {
    return this.#tables.apply(desired, hasTunnel);
  }

  get tables(): WatchedTables {
    return this.#tables;
  }

  /** See {@link NftTables.forget}. */
  forgetTables(): void {
    this.#tables.forget();
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

  /** To be called when all else is there. */
  settleTracks(desired: DesiredNetwork): Promise<void> {
    return this.#tables.settleTracks(desired);
  }

  /** Lets pods out where the machine's firewall drops. Resolves with what of the machine's own is in their way. */
  async passFirewall({ ipv6, peers }: DesiredNetwork): Promise<NetworkProblem[]> {
    const chains = await listChains(this.#commands);
    const listenAddress = ipv6 ? boardAddress(ipv6.podCIDR) : '';
    const pods = ipv6 && { podCIDR: ipv6.podCIDR, listenAddress, bridge: this.#bridge };
    await applyFirewallRules(this.#commands, 'ip6', pods, chains);
    if (!ipv6) return [];
    const foreign = await foreignRoutes(this.#commands, this.#bridge, 'ip6');
    return findProblems('ip6', { ...ipv6, peers }, { foreignRoutes: foreign, chains, listenAddress });
  }

  /** Returns what was there and is gone, in words. */
  async remove(): Promise<string[]> {
    const tables = await this.#tables.remove();
    const hadForward = await applyFirewallRules(
      this.#commands,
      'ip6',
      undefined,
      await listChains(this.#commands),
    );
    const observed = await this.#observed();
    const commands = wayCommands(nothingThere, observed);
    await this.#batch(commands);
    const wasSwitched = await this.#forwarding.restore();
    return [
      ...tables,
      ...(hadForward ? ["rules for pods of ip6tables' filter"] : []),
      ...observed.routes.map(({ dst }) => `route to ${dst}`),
      ...commands.flatMap(
        (line) => /^address delete (\S+) dev (\S+)/.exec(line)?.slice(1, 3).join(' of ') ?? [],
      ),
      ...(wasSwitched ? ['net.ipv6.conf.all.forwarding = 1 (is as it was)'] : []),
    ];
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
