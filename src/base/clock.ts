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

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    const handle = setTimeout(action, delayMs).unref();
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
