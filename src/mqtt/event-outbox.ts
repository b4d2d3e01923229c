// Events of the board on their way to the master, one after another. They wait out a lost session, but only so
// many: the oldest go first, and how many went is logged when the rest is delivered.
import type { Logger } from '../base/logger.ts';
import type { AgentBus } from './agent-bus.ts';
import { PASSING } from './message-bus.ts';
import type { NodeEventMessage } from './messages.ts';
import { topics } from './topics.ts';

export type OutgoingEvent = Omit<NodeEventMessage, 'session'>;

export interface EventOutboxOptions {
  node: string;
  bus: AgentBus;
  logger: Logger;
}

/** About 100 kB at most: enough for every pod of a board to say why it does not start. */
const MAX_WAITING = 256;

export class EventOutbox {
  readonly #options: EventOutboxOptions;
  readonly #waiting: OutgoingEvent[] = [];
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
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push(event);
    this.flush();
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
        await bus.publish(topics.nodeEvents(node), { session, ...next }, PASSING);
      } catch (error) {
        logger.debug({ err: error }, 'event not sent: it waits for the next session');
        break;
      }
      if (this.#waiting[0] === next) this.#waiting.shift();
    }
    if (this.#sendingIn === session) this.#sendingIn = undefined;
    this.#logDropped();
  }

  #logDropped(): void {
    const count = this.#dropped - this.#droppedAndLogged;
    if (count === 0) return;
    this.#droppedAndLogged = this.#dropped;
    this.#options.logger.warn({ count }, 'events dropped: too many waited for the master');
  }
}
