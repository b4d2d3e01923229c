// Makes the board's routes and our nft tables match what the cluster wants, and takes all of it away again.
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import {
  type DesiredNetwork,
  type NetworkProblem,
  type Peer,
  type Place,
  SERVICE_LISTEN_ADDRESS,
} from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import type { ConnectionTracking } from './connection-tracking.ts';
import { applyFirewallRules } from './firewall-rules.ts';
import type { Ipv6Network } from './ipv6/ipv6-network.ts';
import { SecondFamily } from './ipv6/second-family.ts';
import { kernelRoutes } from './kernel-routes.ts';
import type { KernelSwitch } from './kernel-switch.ts';
import { findProblems } from './network-problems.ts';
import { removeNetwork } from './network-removal.ts';
import { listChains } from './nft-listing.ts';
import { ipv4Tables } from './nft-table.ts';
import { NftTables } from './nft-tables.ts';
import { desiredRoutes, foreignRoutes, ownRoutes, type Route, routeCommands } from './routes.ts';
import { RuleWatch } from './rule-watch.ts';
import { ServiceReach } from './service-reach.ts';
import { desiredTunnel, distantPeers } from './tunnel.ts';
import { TunnelDevice } from './tunnel-device.ts';

/** A board whose LAN is not up yet refuses routes over it. */
const RETRY_FAILED_MS = 10_000;
/**
 * A Wi-Fi that flickers costs routes while every connection lives on, and `flush ruleset`, with which Debian's service
 * nftables starts, costs all rules: nobody else tells. A look takes 0.1 ms, a connection to ourselves 0.5 ms.
 */
const CHECK_MS = 5_000;
/** Somebody may set up a firewall while we run, or change our rules. To see that takes a program: once a minute. */
const RULE_LOOKS = 12;

export interface NodeNetworkOptions {
  commands: CommandRunner;
  forwarding: KernelSwitch;
  /** Absent: the kernel's table of connections is as large as it is. */
  tracking?: ConnectionTracking;
  /** Absent: ports of connections that are over stay taken for a minute. */
  portReuse?: KernelSwitch;
  /** Made where the cluster has second addresses for this board; without it there are none. */
  ipv6?(): Promise<Ipv6Network>;
  /** Name of the pods' bridge; its own route is no overlap. */
  bridge: string;
  /** stop() takes away all that is ours; else it stays for the pods that run on. */
  removeOnStop: boolean;
  /** The rules that pods of a range need are there from now on: see podCIDR. */
  onPodCIDR?(): void;
  /** Routes of the board are others than they were, and so perhaps its interfaces; waited for. */
  onRoutesChanged?(): void | Promise<void>;
  /** Parts of our rules that another program had changed, and that are as they were, by name. */
  onRestored?(parts: readonly string[]): void;
  /** Called with all there are whenever they change. */
  onProblems(problems: readonly NetworkProblem[]): void;
  logger: Logger;
  clock?: Clock;
  /** The kernel's routes and addresses as a text that changes with them. */
  kernelRoutes?(): Promise<string>;
  /** Whether a port can be reached from the board. */
  isReached?(place: Place): Promise<boolean>;
}

export class NodeNetwork implements Component {
  readonly #options: NodeNetworkOptions;
  readonly #tunnel: TunnelDevice;
  readonly #tables: NftTables;
  readonly #second: SecondFamily;
  readonly #reach: ServiceReach;
  readonly #rules: RuleWatch;
  #desired: DesiredNetwork | undefined;
  /** Nothing is known to be well before the first look. */
  #problems: string | undefined;
  #work: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;
  #check: Timer | undefined;
  #seenRoutes: string | undefined;
  /** They were changed, by us or meanwhile: an interface that flickers may have taken them away again. */
  #mustConfirm = false;
  #looks = 0;
  #started = false;
  #isPrepared = false;
  #isRoomTold = false;
  #mustPrepare = true;
  #podCIDR: string | undefined;

  constructor(options: NodeNetworkOptions) {
    this.#options = options;
    this.#tunnel = new TunnelDevice(options.commands);
    this.#tables = new NftTables(options.commands, ipv4Tables);
    this.#second = new SecondFamily(options.ipv6, options.logger);
    this.#reach = new ServiceReach(options.logger, options.isReached);
    this.#rules = new RuleWatch({
      commands: options.commands,
      tables: () => [this.#tables, ...this.#second.tables],
      clock: this.#clock,
    });
  }

  /** The address for Service listeners is there when this resolves, or what stands in the way has been reported. */
  async start(): Promise<void> {
    this.#started = true;
    this.#mustPrepare = true;
    this.#check = this.#clock.every(CHECK_MS, () => void this.#look());
    await this.#tryOrReport(() => this.#prepare());
  }

  async stop(): Promise<void> {
    const wasStarted = this.#started;
    this.#started = false;
    this.#retry?.cancel();
    this.#check?.cancel();
    await this.#work;
    if (!wasStarted || !this.#isPrepared || !this.#options.removeOnStop) return;
    this.#isPrepared = false;
    const { commands, forwarding, tracking, portReuse } = this.#options;
    await removeNetwork({ commands, forwarding, tracking, portReuse, ipv6: this.#second.network });
  }

  /**
   * The board's share of the pod range once its rules are there: what a pod sends before, the kernel remembers wrong.
   */
  get podCIDR(): string | undefined {
    return this.#podCIDR;
  }

  /** The board's share of the second family's range once its rules are there, and while they are. */
  get podCIDRv6(): string | undefined {
    return this.#second.podCIDR;
  }

  /** Where Service ports of the second family listen, once it is there. */
  get ipv6Address(): string | undefined {
    return this.#second.address;
  }

  /** Resolves when the board is as asked, or when what stands in the way has been reported. */
  update(desired: DesiredNetwork): Promise<void> {
    this.#desired = desired;
    return this.#applyNext();
  }

  /** Always the newest wish: an older one that was waiting, or is tried again, must not undo it. */
  #applyNext(): Promise<void> {
    this.#work = this.#work.then(() => this.#apply(this.#desired));
    return this.#work;
  }

  async #apply(desired: DesiredNetwork | undefined): Promise<void> {
    if (!this.#started || !desired) return;
    this.#retry?.cancel();
    await this.#tryOrReport(async () => {
      await this.#prepare();
      this.#mustConfirm = false;
      const before = await this.#kernelRoutes();
      this.#seenRoutes = before;
      const foreign = await foreignRoutes(this.#options.commands, this.#options.bridge, 'ip');
      const distant = distantPeers(desired.peers, foreign);
      const unprepared = await this.#second.prepare(desired, distant);
      // A board whose tunnel fails has pods all the same, and what follows is for them.
      const { unrouted = [], failure } = await this.#applyWays(desired, distant, foreign).then(
        (refused) => ({ unrouted: refused, failure: undefined }),
        (error: unknown) => ({ unrouted: undefined, failure: { error } }),
      );
      const problems = [
        ...unrouted.flatMap((error) => this.#told('RouteFailed', error)),
        ...this.#told('Ipv6SetupFailed', unprepared ?? (await this.#second.reach(desired, distant, foreign))),
        ...this.#told('UdpFlowsLeft', await this.#settleTracks(desired)),
      ];
      const chains = await listChains(this.#options.commands);
      const { podCIDR } = desired;
      const listenAddress = SERVICE_LISTEN_ADDRESS;
      const pods = podCIDR ? { podCIDR, listenAddress } : undefined;
      await applyFirewallRules(this.#options.commands, 'ip', pods, chains);
      this.#tellRestored(await this.#rules.note(chains));
      if (failure) throw failure.error;
      const found = findProblems('ip', desired, { foreignRoutes: foreign, chains, listenAddress });
      this.#seenRoutes = await this.#kernelRoutes();
      this.#mustConfirm ||= this.#seenRoutes !== before;
      this.#report([...found, ...this.#reach.problems, ...this.#second.obstacles, ...problems]);
    });
  }

  /**
   * Where the tunnel fails, peers on the LAN are reached all the same. Resolves with what the kernel said to routes that
   * it refused.
   */
  async #applyWays(
    desired: DesiredNetwork,
    distant: readonly Peer[],
    routes: readonly Route[],
  ): Promise<unknown[]> {
    const links = distant.length > 0 ? await this.#tunnel.links() : [];
    const tunnel = desiredTunnel(desired, distant, routes, links);
    await this.#tables.apply(desired, tunnel !== undefined);
    this.#ruled(desired.podCIDR);
    await this.#makeRoom();
    try {
      await this.#tunnel.apply(tunnel);
    } catch (error) {
      const near = desired.peers.filter((peer) => !distant.includes(peer));
      await this.#applyRoutes(desiredRoutes({ ...desired, peers: near }));
      throw error;
    }
    return this.#applyRoutes(desiredRoutes(desired, tunnel ? distant : []));
  }

  /** What many connections need, of a kernel that tracks them: it does from the first of our rules on. Pods need it not. */
  async #makeRoom(): Promise<void> {
    const { tracking, portReuse, logger } = this.#options;
    for (const tune of [() => portReuse?.enable(), () => tracking?.makeRoom()]) {
      try {
        if (await tune()) logger.info({}, 'made the kernel ready for many connections');
      } catch (error) {
        if (!this.#isRoomTold)
          logger.warn({ err: error }, 'the kernel is not made ready for many connections');
        this.#isRoomTold = true;
      }
    }
  }

  #ruled(podCIDR: string | undefined): void {
    if (this.#podCIDR === podCIDR) return;
    this.#podCIDR = podCIDR;
    this.#options.onPodCIDR?.();
  }

  /** A failure is reported and tried again after a while. */
  async #tryOrReport(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#report([{ ...this.#failure('NetworkSetupFailed', error), isBlocking: true }]);
    }
  }

  /** Resolves with what went wrong. */
  async #settleTracks(desired: DesiredNetwork): Promise<unknown> {
    const failure = await this.#tables.settleTracks(desired).catch((error: unknown) => error);
    return (await this.#second.settleTracks(desired)) ?? failure;
  }

  /** Of what fails and hinders no pod: said, and tried again too. */
  #told(reason: string, error: unknown): NetworkProblem[] {
    return error === undefined ? [] : [this.#failure(reason, error)];
  }

  #failure(reason: string, error: unknown): NetworkProblem {
    this.#retry?.cancel();
    this.#retry = this.#clock.after(RETRY_FAILED_MS, () => void this.#applyNext());
    const mend = `tried again every ${RETRY_FAILED_MS / 1000} s`;
    return { reason, message: messageOf(error), mend, isBlocking: false };
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock;
  }

  #kernelRoutes(): Promise<string> {
    return this.#options.kernelRoutes?.() ?? kernelRoutes();
  }

  async #look(): Promise<void> {
    await this.#work;
    if (!this.#started || this.#seenRoutes === undefined) return;
    await this.#tryOrReport(async () => {
      await this.#forward();
      const isOther = (await this.#kernelRoutes()) !== this.#seenRoutes;
      const haveRoutesChanged = isOther || this.#mustConfirm;
      const mustRenew = await this.#mustRenew();
      if (!haveRoutesChanged && !mustRenew) return;
      // A route of ours may have gone with our address.
      this.#mustPrepare = true;
      if (haveRoutesChanged) await this.#options.onRoutesChanged?.();
      await this.#applyNext();
      this.#mustConfirm ||= isOther;
    });
  }

  async #mustRenew(): Promise<boolean> {
    const { isRenewalDue, isNews } = await this.#reach.look(this.#desired);
    const isLookDue = ++this.#looks % RULE_LOOKS === 0 || this.#rules.mustCatchUp;
    // Before they are renewed too: what was lost can be told only then.
    const haveRulesChanged = (isRenewalDue || isLookDue) && (await this.#rules.hasChanged());
    if (isRenewalDue || haveRulesChanged) {
      this.#tables.forget();
      this.#second.network?.forgetTables();
    }
    return isRenewalDue || haveRulesChanged || isNews;
  }

  #tellRestored(parts: readonly string[]): void {
    if (parts.length === 0) return;
    this.#options.logger.warn({ parts }, 'another program had changed rules of ours: put right');
    this.#options.onRestored?.(parts);
  }

  async #prepare(): Promise<void> {
    if (!this.#mustPrepare) return;
    await this.#ip(['address', 'replace', `${SERVICE_LISTEN_ADDRESS}/32`, 'dev', 'lo']);
    await this.#forward();
    this.#isPrepared = true;
    this.#mustPrepare = false;
  }

  /** Settings of the kernel are loaded anew by more programs than one. */
  async #forward(): Promise<void> {
    if (await this.#options.forwarding.enable())
      this.#options.logger.info({}, 'switched IPv4 forwarding on: pods need it');
  }

  /**
   * Compared with the kernel's each time: it drops routes by itself when an interface or its address goes. One that it
   * refuses, such as to a peer whose address is of no network that it knows, holds up no other.
   */
  async #applyRoutes(wanted: readonly Route[]): Promise<unknown[]> {
    const refusals: unknown[] = [];
    for (const command of routeCommands(wanted, await ownRoutes(this.#options.commands))) {
      try {
        await this.#ip(command);
        this.#mustConfirm = true;
      } catch (error) {
        refusals.push(error);
      }
    }
    return refusals;
  }

  #report(problems: readonly NetworkProblem[]): void {
    const text = JSON.stringify(problems);
    if (text === this.#problems) return;
    this.#problems = text;
    for (const { reason, message } of problems) this.#options.logger.warn({ reason }, message);
    this.#options.onProblems(problems);
  }

  #ip(args: readonly string[]): Promise<string> {
    return this.#options.commands.run('ip', args);
  }
}
