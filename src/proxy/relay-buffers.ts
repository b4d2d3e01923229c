// The memory through which everything is relayed. Connections own none: all read into one small buffer, whose content
// is copied on before anybody else reads; one that carries bulk borrows a large buffer, of which there are few.
import { KeptViews } from './kept-views.ts';
import { newWriteRequest, type WriteRequest } from './tcp-handle.ts';
import { Turn } from './turn.ts';

/** Requests and most answers fit in. */
const SHARED_BYTES = 16 << 10;
/** Large enough that the calls per megabyte don't count, small enough for the caches of small boards. */
const LARGE_BYTES = 256 << 10;
/** At most 16 MiB are lent; who gets none goes on through the small buffer. */
const MAX_LENT = 64;
/** So many stay for the next one who asks: a burst is not to cost an allocation each. */
const KEPT_FREE = 4;
const SLAB_BYTES = 64 << 10;

export class RelayBuffers {
  readonly turn = new Turn();
  /** Where a read goes that has no large buffer. Whoever reads next overwrites it. */
  readonly shared: Uint8Array = Buffer.allocUnsafeSlow(SHARED_BYTES);
  #request = newWriteRequest();
  readonly #free: Uint8Array[] = [];
  #lent = 0;
  #slab: Uint8Array = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #slabUsed = 0;
  readonly #read = new KeptViews(this.shared, 0);
  #copies = new KeptViews(this.#slab, 0);

  /** A copy of the first `count` bytes of the shared buffer, good until the next call unless kept with keepCopy(). */
  copyShared(count: number): Uint8Array {
    if (this.#slabUsed + count > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#moveTo(0);
    }
    this.#slab.set(this.#read.first(count), this.#slabUsed);
    return this.#copies.first(count);
  }

  /** The last copy is still to be sent: it stays as it is until nobody refers to it. */
  keepCopy(copy: Uint8Array): void {
    this.#moveTo(this.#slabUsed + copy.length);
  }

  /** For one write after the other, of all connections, while each goes out at once. */
  get request(): WriteRequest {
    return this.#request;
  }

  /** The last write goes on, and with it its request. */
  keepRequest(): void {
    this.#request = newWriteRequest();
  }

  #moveTo(slabUsed: number): void {
    this.#slabUsed = slabUsed;
    this.#copies = new KeptViews(this.#slab, slabUsed);
  }

  /** `undefined` when as many as may be are lent. */
  borrow(): Uint8Array | undefined {
    if (this.#lent >= MAX_LENT) return undefined;
    this.#lent++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
  }

  giveBack(large: Uint8Array): void {
    this.#lent--;
    if (this.#free.length < KEPT_FREE) this.#free.push(large);
  }
}
