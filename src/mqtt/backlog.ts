// How far a subscriber may fall behind. Looked at only when there is something to send to it, so an idle
// cluster pays nothing; who is over the limit for too long is dropped and reads the retained topics anew.

export interface BacklogLimits {
  /** Bytes that may wait for a client at any time. */
  allowedBytes: number;
  /** How long it may be above that: a burst that the network carries off is not a frozen client. */
  allowedMs: number;
  /** Above this it is dropped at once, whatever the time: memory of the master is short. */
  maxBytes: number;
}

export class Backlog {
  readonly #limits: BacklogLimits;
  #aboveSinceMs: number | undefined;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** Whether a client with so many bytes waiting must go. */
  isTooLong(queuedBytes: number, nowMs: number): boolean {
    if (queuedBytes <= this.#limits.allowedBytes) {
      this.#aboveSinceMs = undefined;
      return false;
    }
    if (queuedBytes > this.#limits.maxBytes) return true;
    this.#aboveSinceMs ??= nowMs;
    return nowMs - this.#aboveSinceMs > this.#limits.allowedMs;
  }
}
