// What all connections of a proxy share: buffers, the timers of those that wait for an endpoint to answer, or to come, and
// the one that has the kernel ask long-lived ones for a sign of life.
import type { Clock } from '../base/clock.ts';
import { Ageing } from './ageing.ts';
import { Dialer } from './dialer.ts';
import type { Relay } from './relay.ts';
import { RelayBuffers } from './relay-buffers.ts';

/** Most connections are over by then, and never pay for what only the long-lived need. */
const LONG_LIVED_AFTER_MS = 15_000;
/** Who was refused by all is told so after half a second to a second: clients of HTTP hardly give up sooner. */
const HOLD_TURN_MS = 500;
/** A peer that vanished without a word is noticed 10 s after that much silence. */
const KEEP_ALIVE_AFTER_S = 60;

export class DataPath {
  readonly buffers = new RelayBuffers();
  readonly dialer: Dialer;
  readonly held: Ageing<{ giveUp(): void }>;
  readonly young: Ageing<Relay>;

  constructor(clock: Clock) {
    this.dialer = new Dialer(clock, this.buffers.shared);
    this.held = new Ageing(clock, HOLD_TURN_MS, (client) => client.giveUp());
    this.young = new Ageing(clock, LONG_LIVED_AFTER_MS, keepAlive);
  }

  stop(): void {
    this.dialer.stop();
    this.held.stop();
    this.young.stop();
  }
}

function keepAlive({ client, upstream }: Relay): void {
  client.setKeepAlive(true, KEEP_ALIVE_AFTER_S);
  upstream.setKeepAlive(true, KEEP_ALIVE_AFTER_S);
}
