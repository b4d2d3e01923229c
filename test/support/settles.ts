// Waits for loops that need no time, only their turn: for unit tests on a fake clock.
import { settle } from './fake-clock.ts';

/** Lets promises run until `check` neither throws nor returns false; fails with its last error after `turns`. */
export async function settles<T>(check: () => T | Promise<T>, turns = 2000): Promise<T> {
  let last: unknown = new Error('check returned false');
  for (let turn = 0; turn < turns; turn++) {
    try {
      const result = await check();
      if (result !== false) return result;
    } catch (error) {
      last = error;
    }
    await settle();
  }
  throw new Error(`did not settle: ${last instanceof Error ? last.message : String(last)}`, { cause: last });
}

/** Lets everything that can run without time passing run. */
export async function quiet(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await settle();
}
