// Events of the board on their way to the master, one after another. They wait out a lost session, but only so
// many: what happened again is counted, the oldest go first, and how many went is logged when the rest is
// delivered. Each says how long it waited, as the master's clock and the board's need not agree.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AgentBus } from './agent-bus.ts';
import { PASSING } from './message-bus.ts';
import type { NodeEventMessage } from './messages.ts';
import { topics } from './topics.ts';

export type OutgoingEvent = Omit<NodeEventMessage, 'session' | 'count' | 'ago'>;

export interface EventOutboxOptions {
  node: string;
  bus: AgentBus;
  clock: Clock;
  logger: Logger;
}

interface Waiting {
  event: OutgoingEvent;
  /** Tells it from all that differ. */
  text: string;
  count: number;
  firstMs: number;
  lastMs: number;
}

/** What is sent within this happens now: its age need not be said. */
const NOW_MS = 1_000;
/** About 100 kB at most: enough for every pod of a board to say why it does not start. */
const MAX_WAITING = 256;

export class EventOutbox {
  readonly #options: EventOutboxOptions;
  readonly #waiting: Waiting[] = [];
  #dropped = 0;
  #droppedAndLogged = 0;
  #sendingIn: string | undefined;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
  }

  /** Events dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  event(event: OutgoingEvent): void {
    const text = JSON.stringify(event);
    const nowMs = this.#options.clock.monotonicMs();
    const known = this.#waitingAs(text);
    if (known) {
      known.count += 1;
      known.lastMs = nowMs;
    } else this.#add({ event, text, count: 1, firstMs: nowMs, lastMs: nowMs });
    this.flush();
  }

  /** The first one may be on its way: it does not wait any more. */
  #waitingAs(text: string): Waiting | undefined {
    const known = this.#waiting.findLast((waiting) => waiting.text === text);
    const isUnderWay = this.#sendingIn !== undefined && known === this.#waiting[0];
    return isUnderWay ? undefined : known;
  }

  #add(waiting: Waiting): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push(waiting);
  }

  /** To be called when a session opens. */
  flush(): void {
    const { sessionId } = this.#options.bus;
    if (!sessionId || this.#sendingIn === sessionId) return;
    this.#sendingIn = sessionId;
    void this.#sendAll(sessionId);
  }

  async #sendAll(session: string): Promise<void> {
    const { node, bus, logger } = this.#options;
    for (let next = this.#waiting[0]; next && bus.sessionId === session; next = this.#waiting[0]) {
      try {
        await bus.publish(topics.nodeEvents(node), { session, ...this.#messageOf(next) }, PASSING);
      } catch (error) {
        logger.debug({ err: error }, 'event not sent: it waits for the next session');
        break;
      }
      if (this.#waiting[0] === next) this.#waiting.shift();
    }
    if (this.#sendingIn === session) this.#sendingIn = undefined;
    this.#logDropped();
  }

  #messageOf({ event, count, firstMs, lastMs }: Waiting): Omit<NodeEventMessage, 'session'> {
    const msSince = (thenMs: number) => Math.round(this.#options.clock.monotonicMs() - thenMs);
    const isNow = msSince(firstMs) < NOW_MS;
    return {
      ...event,
      ...(count > 1 ? { count } : {}),
      ...(isNow ? {} : { ago: { firstMs: msSince(firstMs), lastMs: msSince(lastMs) } }),
    };
  }

  #logDropped(): void {
    const count = this.#dropped - this.#droppedAndLogged;
    if (count === 0) return;
    this.#droppedAndLogged = this.#dropped;
    this.#options.logger.warn({ count }, 'events dropped: too many waited for the master');
  }
}
