// Gives each sandbox an address of the board's pod range: the pod's own of before, so that endpoints that the cluster
// knows stay true over a reboot, else the next of the range, so that one just freed is not handed out at once.
import { addressAt } from '../base/ip.ts';
import { formatIpv4, parseIpv4, parseIpv4Range } from '../base/ipv4.ts';

export interface AddressWish {
  /** What the pod had before. */
  before?: string | undefined;
  /** What other pods had and will want again: taken only when there is no other. */
  promised?: ReadonlySet<string>;
}

export class PodAddresses {
  readonly #reserved = new Set<string>();
  #last = 0;

  /**
   * An address outside `inUse`, reserved until release(); `undefined` when all are taken. Never the network's
   * own, the gateway (.1) or the last (broadcast) address.
   */
  reserve(podCIDR: string, inUse: ReadonlySet<string>, wish: AddressWish = {}): string | undefined {
    const range = hostsOf(podCIDR);
    const { before, promised = new Set() } = wish;
    if (before && isInside(before, range) && !inUse.has(before) && !this.#reserved.has(before)) {
      this.#reserved.add(before);
      return before;
    }
    return this.#next(range, new Set([...inUse, ...promised])) ?? this.#next(range, inUse);
  }

  #next(range: Hosts, inUse: ReadonlySet<string>): string | undefined {
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

/** A pod's IPv6 address has the same place in its range as the IPv4 one has in its own, and so is nobody else's. */
export function secondAddress(ip: string, podCIDR: string, podCIDRv6: string): string | undefined {
  const [address, range] = [parseIpv4(ip), parseIpv4Range(podCIDR)];
  return address !== undefined && range ? addressAt(podCIDRv6, BigInt(address - range.first)) : undefined;
}

interface Hosts {
  firstHost: number;
  lastHost: number;
}

function isInside(ip: string, { firstHost, lastHost }: Hosts): boolean {
  const address = parseIpv4(ip);
  return address !== undefined && address >= firstHost && address <= lastHost;
}

/** First and last address that a pod may have. */
function hostsOf(cidr: string): Hosts {
  const range = parseIpv4Range(cidr);
  if (!range || range.prefix < 8 || range.prefix > 30) {
    throw new Error(
      `"${cidr}" is no pod range: it must be an IPv4 range such as 10.40.0.0/23, between /8 and /30`,
    );
  }
  return { firstHost: range.first + 2, lastHost: range.last - 1 };
}
