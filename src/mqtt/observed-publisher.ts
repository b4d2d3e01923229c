// The board's own report on its pods: the latest of each wins, nothing is lost while offline, and every new
// session is told the whole of it with an index, so that the master can forget what is not in it.
import { isDeepStrictEqual } from 'node:util';
import type { core, Pod } from '../api/objects.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AgentBus } from './agent-bus.ts';
import { RETAINED } from './message-bus.ts';
import { topics } from './topics.ts';

/** One pod as the board sees it. */
export interface ObservedReport {
  key: string;
  uid: string;
  status: core.PodStatus;
  terminated: boolean;
  /** A static pod, which the master does not know. */
  mirror?: Pod;
}

export interface ObservedPublisherOptions {
  node: string;
  bus: AgentBus;
  clock: Clock;
  logger: Logger;
}

/** Containers of one pod start within this: their reports become one message. */
const COALESCE_MS = 10;
const INDEX = '';

export class ObservedPublisher {
  readonly #options: ObservedPublisherOptions;
  readonly #pods = new Map<string, ObservedReport>();
  /** Keys to be said, and {@link INDEX} for the index. */
  readonly #dirty = new Set<string>();
  /** Keys on their way: said again only after the broker has the last word. */
  readonly #sending = new Set<string>();
  #timer: Timer | undefined;

  constructor(options: ObservedPublisherOptions) {
    this.#options = options;
  }

  report(pod: ObservedReport): void {
    const known = this.#pods.get(pod.key);
    if (isDeepStrictEqual(known, pod)) return;
    this.#pods.set(pod.key, pod);
    this.#mark(pod.key);
    if (known?.uid !== pod.uid) this.#mark(INDEX);
  }

  /** As last said, or about to be. */
  reports(): Iterable<ObservedReport> {
    return this.#pods.values();
  }

  forget(key: string): void {
    if (!this.#pods.delete(key)) return;
    this.#mark(key);
    this.#mark(INDEX);
  }

  /** Says everything again: a new session's master knows nothing. */
  beginSession(): void {
    this.#sending.clear();
    this.#dirty.clear();
    for (const key of this.#pods.keys()) this.#dirty.add(key);
    this.#dirty.add(INDEX);
    this.#flush();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #mark(key: string): void {
    this.#dirty.add(key);
    this.#timer ??= this.#options.clock.after(COALESCE_MS, () => this.#flush());
  }

  #flush(): void {
    this.stop();
    const { sessionId } = this.#options.bus;
    if (!sessionId) return;
    const isReady = (key: string) => !this.#sending.has(key);
    // The index goes last: who reads it may count on what it names.
    const ready = [...this.#dirty].filter(isReady).sort((a, b) => Number(a === INDEX) - Number(b === INDEX));
    for (const key of ready) void this.#send(key, sessionId);
  }

  async #send(key: string, session: string): Promise<void> {
    const { node, bus, logger } = this.#options;
    const topic = key === INDEX ? topics.observedIndex(node) : topics.observedPod(node, key);
    this.#dirty.delete(key);
    this.#sending.add(key);
    try {
      await bus.publish(topic, this.#messageOf(key, session), RETAINED);
    } catch (error) {
      logger.debug({ err: error, key }, 'observed state not sent: the next session says it');
      return;
    }
    if (bus.sessionId !== session) return;
    this.#sending.delete(key);
    if (this.#dirty.has(key)) this.#mark(key);
  }

  #messageOf(key: string, session: string): object | undefined {
    if (key === INDEX) {
      const pods = [...this.#pods.values()].map(({ key, uid }) => [key, { uid }]);
      return { session, pods: Object.fromEntries(pods) };
    }
    const pod = this.#pods.get(key);
    if (!pod) return undefined;
    const { uid, status, terminated, mirror } = pod;
    return { session, uid, status, terminated, ...(mirror ? { mirror } : {}) };
  }
}
