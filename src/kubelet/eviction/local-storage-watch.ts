// Ends pods that take more of the board's disk than their limits allow. Upstream walks every pod's folders each ten
// seconds; on a card that is a storm. Here the fill of the whole disk, which each beat has anyway, says when a walk is worth
// while: a pod cannot have passed a limit before the disk has taken as much as was left of it. Pods without limits, and a
// disk whose fill does not change, cost nothing.
import type { Pod } from '../../api/objects.ts';
import { keyOf } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { hasLocalLimits, headroom, type LocalUse, localLimitExceeded } from './local-limits.ts';

export interface LocalStorageWatchOptions {
  clock: Clock;
  logger: Logger;
  /** Pods that the board has taken and that have not ended. */
  pods(): readonly Pod[];
  use(pod: Pod): Promise<LocalUse>;
  evict(podKey: string, podUid: string, why: { reason: string; message: string }): void;
}

interface Looked {
  /** Fill of the disk then. */
  usedBytes: number;
  headroomBytes: number;
  atMs: number;
}

/** What others delete hides what a pod writes: where the fill changed at all, a walk comes after this at the latest. */
const AT_LATEST_MS = 5 * 60_000;

export class LocalStorageWatch {
  readonly #options: LocalStorageWatchOptions;
  /** By pod uid. */
  readonly #looked = new Map<string, Looked>();
  #looking: Promise<void> | undefined;

  constructor(options: LocalStorageWatchOptions) {
    this.#options = options;
  }

  /** With each beat: how full the disk of pods is. Resolves when those that are due have been looked at. */
  observe(usedBytes: number): Promise<void> {
    this.#looking ??= this.#look(usedBytes).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(usedBytes: number): Promise<void> {
    const limited = this.#options.pods().filter(hasLocalLimits);
    const uids = new Set(limited.map(({ metadata }) => metadata.uid));
    for (const uid of this.#looked.keys()) if (!uids.has(uid)) this.#looked.delete(uid);
    for (const pod of limited) {
      if (this.#isDue(pod, usedBytes)) await this.#lookAt(pod, usedBytes);
    }
  }

  #isDue({ metadata }: Pod, usedBytes: number): boolean {
    const before = this.#looked.get(metadata.uid);
    if (!before) return true;
    const grownBytes = usedBytes - before.usedBytes;
    if (grownBytes > 0 && grownBytes >= before.headroomBytes) return true;
    return grownBytes !== 0 && this.#options.clock.monotonicMs() - before.atMs >= AT_LATEST_MS;
  }

  async #lookAt(pod: Pod, usedBytes: number): Promise<void> {
    const { clock, logger, use, evict } = this.#options;
    const { uid } = pod.metadata;
    try {
      const found = await use(pod);
      const message = localLimitExceeded(pod, found);
      const headroomBytes = message ? 0 : headroom(pod, found);
      this.#looked.set(uid, { usedBytes, headroomBytes, atMs: clock.monotonicMs() });
      if (!message) return;
      logger.warn({ pod: keyOf(pod), message }, 'pod evicted: it takes more of the disk than it may');
      evict(keyOf(pod), uid, { reason: 'Evicted', message });
    } catch (error) {
      logger.error({ pod: keyOf(pod), err: error }, 'what the pod takes of the disk cannot be measured');
    }
  }
}
