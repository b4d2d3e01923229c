// Joins a client's connection to one endpoint's: bytes both ways with back-pressure, each direction closed by itself
// (TCP half-close), a reset passed on as a reset. A direction holds no more than one buffer that is not yet sent.
import type { RelayBuffers } from './relay-buffers.ts';
import {
  END_OF_STREAM,
  isWritePending,
  newShutdownRequest,
  readResult,
  type ShutdownRequest,
  startReading,
  type TcpHandle,
  type WriteRequest,
} from './tcp-handle.ts';

/** Small reads in a row after which a direction is no bulk any more. */
const SMALL_READS = 8;

export class Relay {
  readonly client: TcpHandle;
  readonly upstream: TcpHandle;
  readonly #onClosed: (relay: Relay) => void;
  #isClosed = false;
  readonly #buffers: RelayBuffers;
  readonly #up: Direction;
  readonly #down: Direction;

  /** Both connected; `upstream` reads to the shared buffer already, `client` does not. `onClosed` is called once, before the handles are let go. */
  constructor(
    client: TcpHandle,
    upstream: TcpHandle,
    buffers: RelayBuffers,
    onClosed: (relay: Relay) => void,
  ) {
    this.client = client;
    this.upstream = upstream;
    this.#buffers = buffers;
    this.#onClosed = onClosed;
    this.#up = new Direction(this, client, upstream, buffers);
    this.#down = new Direction(this, upstream, client, buffers);
  }

  start(): void {
    this.#up.prepare();
    this.#down.prepare();
    if (startReading(this.client, this.#buffers.shared) !== 0) this.abort();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Both ends see a reset. */
  abort(): void {
    if (this.#isClosed) return;
    this.#release();
    this.#down.resetSink();
    this.#up.resetSink();
  }

  /** True once both sides have ended: closing then says what half-closes would. Nothing waits to be sent. */
  closeIfEnded(): boolean {
    if (!this.#up.hasEnded || !this.#down.hasEnded) return false;
    this.#release();
    this.client.close();
    this.upstream.close();
    return true;
  }

  #release(): void {
    this.#isClosed = true;
    this.#onClosed(this);
    this.#up.release();
    this.#down.release();
  }
}

/**
 * For a handle that is not being shut down: a reset that fails leaves it open for good, and Node lets nobody close it.
 */
export function resetHandle(handle: TcpHandle): void {
  handle.reset();
}

/** From one end to the other. While something waits to be sent nothing is read, so that the sender slows down. */
class Direction {
  readonly relay: Relay;
  readonly source: TcpHandle;
  readonly sink: TcpHandle;
  readonly #buffers: RelayBuffers;
  /** Where the source is read to: the shared buffer or a borrowed one. */
  #buffer: Uint8Array;
  #smallReads = 0;
  #isSending = false;
  /** A shutdown of the sink is under way. */
  #isEnding = false;
  #isReleased = false;
  /** The source has no more, and all it had was sent. */
  hasEnded = false;

  constructor(relay: Relay, source: TcpHandle, sink: TcpHandle, buffers: RelayBuffers) {
    this.relay = relay;
    this.source = source;
    this.sink = sink;
    this.#buffers = buffers;
    this.#buffer = buffers.shared;
  }

  /** From now on what is read goes this way. */
  prepare(): void {
    this.source.owner = this;
    this.source.onread = onRead;
  }

  /** The buffer for the next read, when it is another one. */
  received(result: number): Uint8Array | undefined {
    if (this.#isReleased || result === 0) return undefined;
    if (result > 0) return this.#pass(result);
    if (result === END_OF_STREAM) this.#passEnd();
    else this.relay.abort();
    return undefined;
  }

  sent(status: number): void {
    this.#isSending = false;
    if (this.#isReleased) this.#returnBuffer();
    else if (status !== 0 || this.source.readStart() !== 0) this.relay.abort();
  }

  /** Of a half-close; one that the relay's end has overtaken fails, too late to matter. */
  endSent(status: number): void {
    this.#isEnding = false;
    if (status !== 0) this.relay.abort();
  }

  /** A buffer that is being sent from is kept until that has ended. */
  release(): void {
    this.#isReleased = true;
    if (!this.#isSending) this.#returnBuffer();
  }

  /** Where the kernel already says goodbye a reset is not possible any more. */
  resetSink(): void {
    if (this.#isEnding) this.sink.close();
    else resetHandle(this.sink);
  }

  #pass(count: number): Uint8Array | undefined {
    const isShared = this.#buffer === this.#buffers.shared;
    const data = isShared ? this.#buffers.copyShared(count) : this.#buffer.subarray(0, count);
    const { request } = this.#buffers;
    const error = this.sink.writeBuffer(request, data);
    if (error !== 0) {
      this.relay.abort();
      return undefined;
    }
    if (!isWritePending()) {
      // With its buffer filled it would be asked at once whether there is more, and again.
      if (count === this.#buffer.length && !this.#buffers.turn.spend(count)) this.#rest();
      return this.#chooseBuffer(count);
    }
    request.data = data;
    request.owner = this;
    request.oncomplete = onSent;
    this.#buffers.keepRequest();
    this.#isSending = true;
    this.source.readStop();
    if (!isShared) return undefined;
    this.#buffers.keepCopy(data);
    return this.#chooseBuffer(count);
  }

  #rest(): void {
    this.source.readStop();
    this.#buffers.turn.rest(this);
  }

  goOn(): void {
    if (!this.#isReleased && this.source.readStart() !== 0) this.relay.abort();
  }

  /** Who fills the small buffer carries bulk; who has long not done so doesn't any more. */
  #chooseBuffer(count: number): Uint8Array | undefined {
    const { shared } = this.#buffers;
    if (this.#buffer === shared) {
      if (count < shared.length) return undefined;
      const large = this.#buffers.borrow();
      if (large) this.#buffer = large;
      return large;
    }
    this.#smallReads = count < shared.length ? this.#smallReads + 1 : 0;
    if (this.#smallReads < SMALL_READS) return undefined;
    this.#returnBuffer();
    return shared;
  }

  #returnBuffer(): void {
    this.#smallReads = 0;
    if (this.#buffer !== this.#buffers.shared) this.#buffers.giveBack(this.#buffer);
    this.#buffer = this.#buffers.shared;
  }

  #passEnd(): void {
    this.source.readStop();
    this.hasEnded = true;
    if (this.relay.closeIfEnded()) return;
    const request = newShutdownRequest();
    request.oncomplete = onEndSent;
    request.owner = this;
    const error = this.sink.shutdown(request);
    this.#isEnding = error === 0;
    if (error !== 0) this.relay.abort();
  }
}

function onRead(this: TcpHandle): Uint8Array | undefined {
  return (this.owner as Direction).received(readResult());
}

function onSent(this: WriteRequest, status: number): void {
  (this.owner as Direction).sent(status);
}

function onEndSent(this: ShutdownRequest, status: number): void {
  (this.owner as Direction).endSent(status);
}
