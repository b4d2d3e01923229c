// A pod that is deleted is asked to end once Services lead nobody to it any more. Boards hear of that a tenth of a second
// after the pod's own board hears of the deletion; a server that closes its port with the first SIGTERM, as most do, would
// refuse whom they send to it meanwhile, and reset who waits there to be accepted.
import type { Clock } from '../../base/clock.ts';
import type { ServedPods } from '../ports.ts';

/** With a master that is slow, or away, the pod is asked all the same. */
const PATIENCE_MS = 1_000;
/** Boards hear within milliseconds of each other; whom they had sent before is accepted by then. */
const AFTERGLOW_MS = 100;

/** Resolves at once for a pod that no Service leads to, and within half of its grace for all. */
export async function untilWithdrawn(
  podUid: string,
  graceMs: number,
  served: ServedPods,
  clock: Clock,
): Promise<void> {
  if (!served.isServed(podUid)) return;
  const patienceMs = Math.min(PATIENCE_MS, graceMs / 2 - AFTERGLOW_MS);
  await new Promise<void>((resolve) => {
    const end = () => {
      forget();
      patience.cancel();
      clock.after(AFTERGLOW_MS, resolve);
    };
    const patience = clock.after(patienceMs, end);
    const forget = served.onChange(() => {
      if (!served.isServed(podUid)) end();
    });
  });
}
