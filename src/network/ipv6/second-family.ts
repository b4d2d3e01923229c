// The second family's part in keeping a board's network: nothing of it is loaded where there is none, and where it
// fails pods and Services have their first addresses all the same.
import type { Logger } from '../../base/logger.ts';
import type { DesiredNetwork, NetworkProblem, Peer } from '../board-network.ts';
import type { Route } from '../routes.ts';
import type { WatchedTables } from '../rule-watch.ts';
import { boardAddress } from './ipv6-addresses.ts';
import type { Ipv6Network } from './ipv6-network.ts';

export class SecondFamily {
  readonly #make: (() => Promise<Ipv6Network>) | undefined;
  readonly #logger: Logger;
  #obstacles: NetworkProblem[] = [];
  #network: Ipv6Network | undefined;
  #podCIDR: string | undefined;
  #address: string | undefined;

  /** Without `make` the board has none. */
  constructor(make: (() => Promise<Ipv6Network>) | undefined, logger: Logger) {
    this.#make = make;
    this.#logger = logger;
  }

  /** What there is to take away, once something was set up. */
  get network(): Ipv6Network | undefined {
    return this.#network;
  }

  /** None while nothing was set up. */
  get tables(): readonly WatchedTables[] {
    return this.#network ? [this.#network.tables] : [];
  }

  /** The board's share of the range, from when its rules are there. */
  get podCIDR(): string | undefined {
    return this.#podCIDR;
  }

  /** Where Service ports listen, while it is there. */
  get address(): string | undefined {
    return this.#address;
  }

  /** What of the machine's own keeps pods from being reached, as of the last look. */
  get obstacles(): readonly NetworkProblem[] {
    return this.#obstacles;
  }

  /** To be called before pods of the range may start. Resolves with what went wrong. */
  prepare(desired: DesiredNetwork, distant: readonly Peer[]): Promise<unknown> {
    return this.#try(desired, async (network) => {
      if (desired.ipv6 && (await network.prepare()))
        this.#logger.info({}, 'switched IPv6 forwarding on: pods need it');
      await network.applyTables(desired, distant.length > 0);
      this.#podCIDR = desired.ipv6?.podCIDR;
    });
  }

  /**
   * `routes` are the board's own of IPv4, which the tunnel to `distant` peers follows. Resolves with what went wrong.
   */
  async reach(desired: DesiredNetwork, distant: readonly Peer[], routes: readonly Route[]): Promise<unknown> {
    const problem = await this.#try(desired, async (network) => {
      await network.applyWays(desired, distant, routes);
      this.#obstacles = await network.passFirewall(desired);
    });
    const isThere = problem === undefined && this.#network !== undefined;
    this.#address = isThere && desired.ipv6 ? boardAddress(desired.ipv6.podCIDR) : undefined;
    return problem;
  }

  /** To be called when all else is there. Resolves with what went wrong. */
  settleTracks(desired: DesiredNetwork): Promise<unknown> {
    return this.#try(desired, (network) => network.settleTracks(desired));
  }

  async #try({ ipv6 }: DesiredNetwork, action: (network: Ipv6Network) => Promise<void>): Promise<unknown> {
    if (!ipv6 && !this.#network) return undefined;
    try {
      this.#network ??= await this.#make?.();
      if (this.#network) await action(this.#network);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
