// Says of a Service that clients of it are turned away because there are too many: with the first of them, and again
// every half hour while it goes on, as an Event is kept for an hour only. Who counts them all are the figures.
import type { Clock } from '../base/clock.ts';
import type { ConnectionRoom } from './connection-room.ts';
import type { Refusal, Subject } from './forwarder-plan.ts';
import type { Limit, ServiceLoad } from './service-load.ts';
import { MAX_CONNECTIONS_ANNOTATION } from './service-options.ts';
import { MAX_FLOWS } from './udp-flows.ts';

const TELL_AGAIN_AFTER_MS = 30 * 60_000;

type Limits = Pick<ServiceLoad, 'maxConnections'>;

export class LimitReports {
  readonly #room: ConnectionRoom;
  readonly #clock: Clock;
  readonly #tell: (refusal: Refusal) => void;
  /** When each load said last that it has reached which limit; gone with the load. */
  readonly #toldMs = new WeakMap<Limits, Map<Limit, number>>();

  constructor(room: ConnectionRoom, clock: Clock, tell: (refusal: Refusal) => void) {
    this.#room = room;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Costs little enough for each datagram of a flood. */
  turnedAway(subject: Subject, limit: Limit, load: Limits): void {
    const nowMs = this.#clock.monotonicMs();
    const told = this.#toldMs.get(load) ?? new Map<Limit, number>();
    if (nowMs - (told.get(limit) ?? Number.NEGATIVE_INFINITY) < TELL_AGAIN_AFTER_MS) return;
    this.#toldMs.set(load, told.set(limit, nowMs));
    this.#tell({ subject, reason: 'TooManyConnections', message: this.#wordsOf(limit, load) });
  }

  #wordsOf(limit: Limit, { maxConnections }: Limits): string {
    if (limit === 'service')
      return `clients are refused: ${maxConnections} connections at a time are what annotation ${MAX_CONNECTIONS_ANNOTATION} allows on a board`;
    if (limit === 'flows')
      return `datagrams of new clients are dropped: ${MAX_FLOWS} clients of a UDP port at a time are what a board can answer`;
    return `clients are refused: this Service has as many connections as one may have on a board whose agent may have ${this.#room.openFiles} files open`;
  }
}
