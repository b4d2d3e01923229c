// What upstream servers have answered, for as long as they allow, and a while longer for when none of them can be
// reached (RFC 8767). Bounded: the one that was not asked for longest goes first.
import type { Clock } from '../base/clock.ts';
import { lifetimeSeconds } from './wire.ts';

/** A name that moves must be found again within minutes, whatever its owner says. */
const MAX_LIFETIME_SECONDS = 300;
const STALE_SECONDS = 3600;

interface Kept {
  response: Buffer;
  atMs: number;
  lifetimeSeconds: number;
}

export interface Found {
  response: Buffer;
  ageSeconds: number;
  isFresh: boolean;
}

export class AnswerCache {
  readonly #entries = new Map<string, Kept>();
  readonly #clock: Clock;
  readonly #capacity: number;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Found | undefined {
    const kept = this.#entries.get(key);
    if (!kept) return undefined;
    const ageSeconds = Math.floor((this.#clock.monotonicMs() - kept.atMs) / 1000);
    this.#entries.delete(key);
    if (ageSeconds >= kept.lifetimeSeconds + STALE_SECONDS) return undefined;
    this.#entries.set(key, kept);
    return { response: kept.response, ageSeconds, isFresh: ageSeconds < kept.lifetimeSeconds };
  }

  /** A response that says nothing of its life, or cannot be read to its end, is not kept. */
  put(key: string, response: Buffer): void {
    const lifetime = readLifetime(response);
    this.#entries.delete(key);
    if (!lifetime) return;
    const kept = Math.min(lifetime, MAX_LIFETIME_SECONDS);
    this.#entries.set(key, { response, atMs: this.#clock.monotonicMs(), lifetimeSeconds: kept });
    if (this.#entries.size > this.#capacity) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
  }
}

function readLifetime(response: Buffer): number | undefined {
  try {
    return lifetimeSeconds(response);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
