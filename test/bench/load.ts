// Keeps a number of callers busy for a while, and says what came of it.

export interface Load {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** `callers` call one after the other, each its own next as soon as the last was answered. */
export async function load(
  callers: number,
  durationMs: number,
  call: (caller: number, round: number) => Promise<unknown>,
): Promise<Load> {
  const times: number[] = [];
  const begun = performance.now();
  const end = begun + durationMs;
  const run = async (caller: number) => {
    for (let round = 0; performance.now() < end; round++) {
      const asked = performance.now();
      await call(caller, round);
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => run(caller)));
  const seconds = (performance.now() - begun) / 1000;
  return { perSecond: times.length / seconds, ...percentiles(times) };
}

/** Calls at a steady pace, whether or not the one before was answered. */
export async function paced(
  everyMs: number,
  durationMs: number,
  call: () => Promise<unknown>,
): Promise<Load> {
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  const begun = performance.now();
  for (let due = begun; due < begun + durationMs; due += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    // A timer may come a little early.
    const from = Math.min(due, performance.now());
    calls.push(
      call().then(() => {
        times.push(performance.now() - from);
      }),
    );
  }
  await Promise.all(calls);
  return { perSecond: times.length / ((performance.now() - begun) / 1000), ...percentiles(times) };
}

export function percentiles(times: readonly number[]): Pick<Load, 'p50Ms' | 'p99Ms'> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** The run in the middle by its rate. */
export function middle(loads: readonly Load[]): Load {
  const sorted = loads.toSorted((a, b) => a.perSecond - b.perSecond);
  const chosen = sorted[sorted.length >> 1];
  if (!chosen) throw new Error('nothing was measured');
  return chosen;
}
