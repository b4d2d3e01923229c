// Time as a port: everything that waits or stamps takes a Clock, so unit tests need no real time.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch. A board's clock may jump by years when it is set. */
  now(): number;
  /** Milliseconds that never go back; only differences mean anything. */
  monotonicMs(): number;
  /** Runs `action` once after `delayMs`. A timer does not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
  /** Runs `action` every `intervalMs` until cancelled. */
  every(intervalMs: number, action: () => void): Timer;
}

/** Node makes 1 ms of what is longer (24.8 days): a deadline in a month would keep the board busy until then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    let handle: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      handle = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : action()), stepMs).unref();
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, action) {
    const handle = setInterval(action, intervalMs).unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs` of the clock's time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}
