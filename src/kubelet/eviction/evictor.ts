// Ends pods, one at a time, while the board has too little of something. Called with each beat that shows a shortage, so
// it needs no clock of its own to look, and what an eviction gave back is seen before the next one.
import type { Pod } from '../../api/objects.ts';
import { keyOf } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { BoardEvent } from '../health/board-health.ts';
import type { Resource, Shortage } from '../health/thresholds.ts';
import type { Candidate } from './eviction-order.ts';

export interface EvictorOptions {
  clock: Clock;
  logger: Logger;
  /** Pods that the board has taken and that have not ended. */
  pods(): readonly Pod[];
  use(resource: Resource, pods: readonly Pod[]): Promise<Candidate[]>;
  /** Gives back what no pod needs, which comes before any pod ends; resolves with the bytes. */
  reclaim(resource: Resource): Promise<number>;
  evict(podKey: string, podUid: string, why: { reason: string; message: string }): void;
  event(event: BoardEvent): void;
}

/** A pod has a second to end and the engine some to remove it; the next beat after it shows what that gave. */
const BETWEEN_MS = 9_000;

export class Evictor {
  readonly #options: EvictorOptions;
  #notBeforeMs = 0;
  #working: Promise<void> | undefined;

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  /** Resolves when this shortage has been dealt with, as far as it can be now. */
  relieve([first]: readonly Shortage[]): Promise<void> {
    const isTooSoon = this.#options.clock.monotonicMs() < this.#notBeforeMs;
    if (first && !isTooSoon) {
      this.#working ??= this.#relieve(first).finally(() => {
        this.#working = undefined;
      });
    }
    return this.#working ?? Promise.resolve();
  }

  async #relieve(shortage: Shortage): Promise<void> {
    const { clock, logger, pods, use, event, reclaim } = this.#options;
    this.#notBeforeMs = clock.monotonicMs() + BETWEEN_MS;
    const { resource } = shortage;
    event({ type: 'Warning', reason: 'EvictionThresholdMet', message: `Attempting to reclaim ${resource}` });
    try {
      const freedBytes = await reclaim(resource).catch((error: unknown) => {
        logger.warn({ resource, err: error }, 'unused images cannot be removed: pods are evicted instead');
        return 0;
      });
      if (freedBytes > 0) {
        // The next beat tells whether it was enough.
        logger.warn({ resource, freedBytes }, 'images that nobody uses were removed: this board runs short');
        return;
      }
      const { evictionMessage, evictionOrder } = await import('./eviction-order.ts');
      const [victim] = evictionOrder(resource, await use(resource, pods()));
      if (!victim) {
        logger.warn({ resource }, 'this board runs short, and there is no pod that may be ended');
        return;
      }
      const { pod } = victim;
      const message = evictionMessage(shortage, victim);
      logger.warn({ pod: keyOf(pod), resource }, 'pod evicted: this board runs short');
      this.#options.evict(keyOf(pod), pod.metadata.uid, { reason: 'Evicted', message });
    } catch (error) {
      logger.error({ error: String(error) }, 'the use of pods cannot be measured: nothing is evicted');
    }
  }
}
