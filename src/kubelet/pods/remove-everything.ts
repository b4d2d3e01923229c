// Takes all of this agent's pods off the board: containers stop side by side, then everything is removed.
import { type Clock, sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Runtime, RuntimeContainer } from '../runtime/runtime.ts';

/** Long enough for a database to flush, short enough for a person who pressed Ctrl-C. */
const GRACE_SECONDS = 5;
/** Most of the time is waiting for what ignores SIGTERM. */
const PODS_AT_ONCE = 32;
/** A container's exit costs 34 MB for a moment: not all at the same instant on a 512 MB board. */
const SPACING_MS = 150;
const WITHOUT_SPACING = 4;

/** What cannot be removed is told to the log; the rest goes. */
export async function removeEverything(runtime: Runtime, clock: Clock, logger: Logger): Promise<void> {
  const byPod = Map.groupBy(await runtime.list(), (container) => container.podUid);
  const pods = [...byPod].entries();
  const begin = clock.monotonicMs();
  const worker = async () => {
    for (const [index, [uid, containers]] of pods) {
      const startMs = begin + Math.max(0, index - WITHOUT_SPACING + 1) * SPACING_MS;
      const waitMs = startMs - clock.monotonicMs();
      if (waitMs > 0) await sleep(clock, waitMs);
      await removePod(runtime, logger, uid, containers);
    }
  };
  await Promise.all(Array.from({ length: PODS_AT_ONCE }, worker));
}

async function removePod(
  runtime: Runtime,
  logger: Logger,
  uid: string,
  containers: readonly RuntimeContainer[],
): Promise<void> {
  const running = containers.filter((c) => c.containerName !== undefined && c.state === 'running');
  try {
    await Promise.all(running.map((c) => runtime.stopContainer(c.id, GRACE_SECONDS)));
    await runtime.removeSandbox(uid);
  } catch (error) {
    logger.error({ pod: containers[0]?.podKey, error: String(error) }, 'a pod could not be removed');
  }
}
