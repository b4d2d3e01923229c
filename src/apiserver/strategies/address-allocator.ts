// Gives out the addresses of one range of Services, as people write them. Of either family: what is counted is the
// distance from the range's first.
import { familyOf, formatIp, type IpFamily, type IpRange, isWithin, parseIp } from '../../base/ip.ts';
import { NumberAllocator, type NumberRange } from './number-allocator.ts';

export class AddressAllocator {
  readonly family: IpFamily;
  readonly #range: IpRange;
  readonly #offsets: NumberAllocator;

  /** `usable`, and `dynamic` within it, as distances from the range's first address. */
  constructor(range: IpRange, usable: NumberRange, dynamic: NumberRange, random: () => number) {
    this.family = range.family;
    this.#range = range;
    this.#offsets = new NumberAllocator(usable, dynamic, random);
  }

  /** As people write it. */
  get range(): string {
    const { family, first, prefix } = this.#range;
    return `${formatIp({ family, value: first })}/${prefix}`;
  }

  contains(address: string): boolean {
    const offset = this.#offsetOf(address);
    return offset !== undefined && this.#offsets.contains(offset);
  }

  /** False when it is taken already. What lies outside the range, which may have been another one, is nobody's. */
  claim(address: string): boolean {
    const offset = this.#offsetOf(address);
    return offset === undefined || this.#offsets.claim(offset);
  }

  release(address: string): void {
    const offset = this.#offsetOf(address);
    if (offset !== undefined) this.#offsets.release(offset);
  }

  /** Nothing is held any more. */
  clear(): void {
    this.#offsets.clear();
  }

  /** `undefined` when the range is full. */
  next(): string | undefined {
    const offset = this.#offsets.next();
    if (offset === undefined) return undefined;
    return formatIp({ family: this.family, value: this.#range.first + BigInt(offset) });
  }

  #offsetOf(address: string): number | undefined {
    const ip = parseIp(address);
    return isWithin(ip, this.#range) && ip ? Number(ip.value - this.#range.first) : undefined;
  }
}

/** Of each family that the cluster's Services may have. */
export type AddressAllocators = ReadonlyMap<IpFamily, AddressAllocator>;

/** None for an address of a family that the cluster had once. */
export function allocatorOf(allocators: AddressAllocators, address: string): AddressAllocator | undefined {
  const family = familyOf(address);
  return family && allocators.get(family);
}
