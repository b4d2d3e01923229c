// nodes/N/images: what this board holds, and what the others hold. The latest wins and every new session hears it.
// Others are subscribed to only while somebody asks: a board need not keep a thousand boards' lists.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { RETAINED } from './message-bus.ts';
import type { NodeImages } from './messages.ts';
import type { Session } from './session.ts';
import { nodeFilters, topics } from './topics.ts';

export interface ImageReportsOptions {
  session: Pick<Session, 'node' | 'sessionId' | 'publish' | 'subscribe' | 'unsubscribe'>;
  clock: Clock;
  logger: Logger;
}

/** What is retained follows the subscription at once: after this silence all of it is here. */
const QUIET_MS = 250;
const LONGEST_MS = 2_000;

export class ImageReports {
  readonly #options: ImageReportsOptions;
  readonly #others = new Map<string, NodeImages>();
  #own: Omit<NodeImages, 'session'> | undefined;
  #asking: Promise<ReadonlyMap<string, NodeImages>> | undefined;
  #lastHeardMs = 0;

  constructor(options: ImageReportsOptions) {
    this.#options = options;
  }

  report(images: Omit<NodeImages, 'session'>): void {
    if (isDeepStrictEqual(images, this.#own)) return;
    this.#own = images;
    this.#send();
  }

  beginSession(): void {
    if (this.#own) this.#send();
  }

  put(node: string, images: NodeImages): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    if (node !== this.#options.session.node && Array.isArray(images.images)) this.#others.set(node, images);
  }

  /** None while the master is away. Those who ask at the same time share the answer. */
  ofOthers(): Promise<ReadonlyMap<string, NodeImages>> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      this.#others.clear();
    });
    return this.#asking;
  }

  async #ask(): Promise<ReadonlyMap<string, NodeImages>> {
    const { session, clock, logger } = this.#options;
    try {
      await session.subscribe(nodeFilters.images);
      const beganMs = clock.monotonicMs();
      this.#lastHeardMs = beganMs;
      const isQuiet = () => clock.monotonicMs() - this.#lastHeardMs >= QUIET_MS;
      while (!isQuiet() && clock.monotonicMs() - beganMs < LONGEST_MS)
        await new Promise<void>((resolve) => clock.after(QUIET_MS, resolve));
      await session.unsubscribe(nodeFilters.images);
    } catch (error) {
      logger.debug({ err: error }, 'what other boards hold cannot be asked now');
    }
    return new Map(this.#others);
  }

  #send(): void {
    const { session, logger } = this.#options;
    if (!session.sessionId) return;
    const message = { session: session.sessionId, ...this.#own };
    session
      .publish(topics.nodeImages(session.node), message, RETAINED)
      .catch((error: unknown) => logger.debug({ err: error }, 'images not sent: the next session says it'));
  }
}
