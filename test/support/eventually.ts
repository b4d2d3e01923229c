// Waits for the state of the world instead of sleeping.
import { patient } from './patience.ts';

/** Tries `check` until it neither throws nor returns false; fails with its last error after `timeoutMs`, longer where machines are slow. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 5000, stepMs = 20): Promise<T> {
  const end = performance.now() + patient(timeoutMs);
  let last: unknown = new Error('check returned false');
  while (performance.now() < end) {
    try {
      const result = await check();
      if (result !== false) return result;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
  throw new Error(
    `not within ${patient(timeoutMs)} ms: ${last instanceof Error ? last.message : String(last)}`,
    {
      cause: last,
    },
  );
}
