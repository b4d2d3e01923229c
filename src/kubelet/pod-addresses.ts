// Gives each sandbox an address of the board's pod range. What is in use comes from the engine, so nothing is
// stored; addresses go round the range so that one just freed is not handed out at once.
import { formatIpv4, parseIpv4Range } from '../base/ipv4.ts';

export class PodAddresses {
  readonly #reserved = new Set<string>();
  #last = 0;

  /**
   * An address outside `inUse`, reserved until release(); `undefined` when all are taken. Never the network's
   * own, the gateway (.1) or the last (broadcast) address.
   */
  reserve(podCIDR: string, inUse: ReadonlySet<string>): string | undefined {
    const range = hostsOf(podCIDR);
    const count = range.lastHost - range.firstHost + 1;
    const start =
      this.#last >= range.firstHost && this.#last <= range.lastHost ? this.#last + 1 - range.firstHost : 0;
    for (let i = 0; i < count; i++) {
      const candidate = range.firstHost + ((start + i) % count);
      const address = formatIpv4(candidate);
      if (inUse.has(address) || this.#reserved.has(address)) continue;
      this.#last = candidate;
      this.#reserved.add(address);
      return address;
    }
    return undefined;
  }

  /** The sandbox is listed by the engine now, or was never made. */
  release(address: string): void {
    this.#reserved.delete(address);
  }
}

/** First and last address that a pod may have. */
function hostsOf(cidr: string): { firstHost: number; lastHost: number } {
  const range = parseIpv4Range(cidr);
  if (!range || range.prefix < 8 || range.prefix > 30) {
    throw new Error(
      `"${cidr}" is no pod range: it must be an IPv4 range such as 10.40.0.0/23, between /8 and /30`,
    );
  }
  return { firstHost: range.first + 2, lastHost: range.last - 1 };
}
