// What all connections of a proxy share: buffers, the timer of those that wait for an endpoint, and the one that
// has the kernel ask long-lived ones for a sign of life.
import type { Clock } from '../base/clock.ts';
import { Ageing } from './ageing.ts';
import { Dialer } from './dialer.ts';
import type { Relay } from './relay.ts';
import { RelayBuffers } from './relay-buffers.ts';

/** Most connections are over by then, and never pay for what only the long-lived need. */
const LONG_LIVED_AFTER_MS = 15_000;
/** A peer that vanished without a word is noticed 10 s after that much silence. */
const KEEP_ALIVE_AFTER_S = 60;

export class DataPath {
  readonly buffers = new RelayBuffers();
  readonly dialer: Dialer;
  readonly young: Ageing<Relay>;

  constructor(clock: Clock) {
    this.dialer = new Dialer(clock, this.buffers.shared);
    this.young = new Ageing(clock, LONG_LIVED_AFTER_MS, keepAlive);
  }

  stop(): void {
    this.dialer.stop();
    this.young.stop();
  }
}

function keepAlive({ client, upstream }: Relay): void {
  client.setKeepAlive(true, KEEP_ALIVE_AFTER_S);
  upstream.setKeepAlive(true, KEEP_ALIVE_AFTER_S);
}
