// Gives each sandbox an address of the board's pod range. What is in use comes from the engine, so nothing is
// stored; addresses go round the range so that one just freed is not handed out at once.

export class PodAddresses {
  readonly #reserved = new Set<string>();
  #last = 0;

  /**
   * An address outside `inUse`, reserved until release(); `undefined` when all are taken. Never the network's
   * own, the gateway (.1) or the last (broadcast) address.
   */
  reserve(podCIDR: string, inUse: ReadonlySet<string>): string | undefined {
    const range = parseRange(podCIDR);
    const count = range.lastHost - range.firstHost + 1;
    const start =
      this.#last >= range.firstHost && this.#last <= range.lastHost ? this.#last + 1 - range.firstHost : 0;
    for (let i = 0; i < count; i++) {
      const candidate = range.firstHost + ((start + i) % count);
      const address = formatAddress(candidate);
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
function parseRange(cidr: string): { firstHost: number; lastHost: number } {
  const [address = '', prefixText = ''] = cidr.split('/');
  const bytes = address.split('.').map(Number);
  const prefix = Number(prefixText);
  const isAddress = bytes.length === 4 && bytes.every((b) => Number.isInteger(b) && b >= 0 && b <= 255);
  if (!isAddress || !Number.isInteger(prefix) || prefixText === '' || prefix < 8 || prefix > 30) {
    throw new Error(
      `"${cidr}" is no pod range: it must be an IPv4 range such as 10.40.0.0/23, between /8 and /30`,
    );
  }
  const size = 2 ** (32 - prefix);
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const network = Math.floor(value / size) * size;
  return { firstHost: network + 2, lastHost: network + size - 2 };
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
