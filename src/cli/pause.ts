// Waiting inside a verb: ends early, and with it the verb, when the person interrupts the program.
import { setTimeout as sleep } from 'node:timers/promises';
import { timeout } from '../api/status-error.ts';
import type { Io } from './io.ts';

export function pause(io: Io, ms: number): Promise<void> {
  return sleep(ms, undefined, io.interrupted ? { signal: io.interrupted } : {});
}

/**
 * Asks again every `intervalMs` until `check` gives something; rejects with a Timeout saying `message`.
 * `timeoutMs` 0 = for as long as it takes.
 */
export async function poll<T>(
  io: Io,
  { intervalMs, timeoutMs, message }: { intervalMs: number; timeoutMs: number; message: string },
  check: () => Promise<T | undefined>,
): Promise<T> {
  const endMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    if (performance.now() >= endMs) throw timeout(message);
    await pause(io, Math.min(intervalMs, Math.max(endMs - performance.now(), 0)));
  }
}
