// Takes all of this agent's pods off the board: containers stop side by side, then everything is removed.
import type { Logger } from '../../base/logger.ts';
import type { Runtime, RuntimeContainer } from '../runtime/runtime.ts';

/** Long enough for a database to flush, short enough for a person who pressed Ctrl-C. */
const GRACE_SECONDS = 5;
/** A container's exit costs 34 MB for a moment: not all at the same instant on a 512 MB board. */
const PODS_AT_ONCE = 8;

/** What cannot be removed is told to the log; the rest goes. */
export async function removeEverything(runtime: Runtime, logger: Logger): Promise<void> {
  const byPod = Map.groupBy(await runtime.list(), (container) => container.podUid);
  const pods = [...byPod];
  const worker = async () => {
    for (let next = pods.pop(); next; next = pods.pop()) await removePod(runtime, logger, ...next);
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
