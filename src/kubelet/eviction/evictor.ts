// Ends pods, one at a time, while the board has too little of something. Called with each beat that shows a shortage, so
// it needs no clock of its own to look, and what an eviction gave back is seen before the next one.
import type { Pod } from '../../api/objects.ts';
import { keyOf } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { BoardEvent } from '../health/board-health.ts';
import type { Resource, Shortage } from '../health/thresholds.ts';
import type { Ending } from '../records/pod-record.ts';
import type { Candidate } from './eviction-order.ts';

export interface EvictorOptions {
  clock: Clock;
  logger: Logger;
  /** Pods that the board has taken and that have not ended. */
  pods(): readonly Pod[];
  use(resource: Resource, pods: readonly Pod[]): Promise<Candidate[]>;
  /** Takes what no pod needs, which comes before any pod ends; resolves with what that was, in words. */
  reclaim(resource: Resource): Promise<string | undefined>;
  evict(podKey: string, podUid: string, why: Ending): void;
  /** Nothing of the pod is left in the engine. */
  isGone(podUid: string): boolean;
  event(event: BoardEvent): void;
}

/** Where nothing can be given back, it is looked for and told no more often than this. */
const LOOK_AGAIN_MS = 9_000;
/** Upstream's podCleanupTimeout: a pod that does not go is not waited for any longer. */
export const GONE_WITHIN_MS = 30_000;

export class Evictor {
  readonly #options: EvictorOptions;
  #notBeforeMs = 0;
  /** The pod evicted last, until what it gave back shows. */
  #victim: { uid: string; untilMs: number } | undefined;
  #working: Promise<void> | undefined;

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  /** Resolves when this shortage has been dealt with, as far as it can be now. */
  relieve([first]: readonly Shortage[]): Promise<void> {
    if (first && this.#isDue()) {
      this.#working ??= this.#relieve(first).finally(() => {
        this.#working = undefined;
      });
    }
    return this.#working ?? Promise.resolve();
  }

  /** The beat that finds the last victim gone was measured while it may have been there: the next one counts. */
  #isDue(): boolean {
    const { clock, isGone } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!this.#victim) return nowMs >= this.#notBeforeMs;
    if (nowMs >= this.#victim.untilMs || isGone(this.#victim.uid)) this.#victim = undefined;
    return false;
  }

  async #relieve(shortage: Shortage): Promise<void> {
    const { clock, logger, pods, use, event, reclaim } = this.#options;
    const { resource } = shortage;
    event({ type: 'Warning', reason: 'EvictionThresholdMet', message: `Attempting to reclaim ${resource}` });
    try {
      const given = await reclaim(resource).catch((error: unknown) => {
        logger.warn(
          { resource, err: error },
          'what no pod needs cannot be removed: pods are evicted instead',
        );
        return undefined;
      });
      if (given) {
        // The next beat tells whether it was enough.
        logger.warn({ resource, given }, 'what no pod needs was removed: this board runs short');
        return;
      }
      const { evictionMessage, evictionOrder } = await import('./eviction-order.ts');
      const [victim] = evictionOrder(resource, await use(resource, pods()));
      if (!victim) {
        logger.warn({ resource }, 'this board runs short, and there is no pod that may be ended');
        this.#notBeforeMs = clock.monotonicMs() + LOOK_AGAIN_MS;
        return;
      }
      const { pod } = victim;
      const message = evictionMessage(shortage, victim);
      logger.warn({ pod: keyOf(pod), resource }, 'pod evicted: this board runs short');
      this.#victim = { uid: pod.metadata.uid, untilMs: clock.monotonicMs() + GONE_WITHIN_MS };
      this.#options.evict(keyOf(pod), pod.metadata.uid, { reason: 'Evicted', message, isDisruption: true });
    } catch (error) {
      this.#notBeforeMs = clock.monotonicMs() + LOOK_AGAIN_MS;
      logger.error({ error: String(error) }, 'the use of pods cannot be measured: nothing is evicted');
    }
  }
}
