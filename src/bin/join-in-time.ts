// Joining on a board whose clock is not set: one without a battery boots in 1970, and the master's certificate is not
// valid yet then. It waits until time is there, however long that takes, and says what it waits for.
import { isCertificateTimeProblem } from '../base/certificate-time.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

export interface JoinInTimeOptions {
  clock: Pick<Clock, 'now'>;
  logger: Logger;
  /** Between two tries; resolves when it is over. */
  wait(): Promise<void>;
}

/** As `join`, which is called again as long as only the clock stands in its way. */
export async function joinInTime<T>(join: () => Promise<T>, options: JoinInTimeOptions): Promise<T> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await join();
    } catch (error) {
      if (!isCertificateTimeProblem(error)) throw error;
      if (!isTold) tell(error, options);
      await options.wait();
    }
  }
}

function tell(error: unknown, { clock, logger }: JoinInTimeOptions): void {
  const shown = new Date(clock.now()).toISOString();
  logger.warn(
    { err: error, clock: shown },
    "the master's certificate is not valid at the time that this board's clock shows: it joins once the clock is set",
  );
}
