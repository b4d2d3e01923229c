// Does one thing after another, tells each failure, and leaves the exit code: one bad object must not keep the
// others from being handled.
import { errorLine } from './cli-error.ts';
import type { Io } from './io.ts';

/** 0 when every `act` succeeded, else 1; each failure is one line on standard error. */
export async function eachOf<T>(
  io: Io,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<number> {
  let exitCode = 0;
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      io.err(errorLine(error));
      exitCode = 1;
    }
  }
  return exitCode;
}
