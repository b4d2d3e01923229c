// What the parts of one rolling update share: the API, the times that the flags give, and a way to show progress.
import type { Io } from './io.ts';
import type { RollingRequests } from './rolling-requests.ts';

export interface RollingContext {
  io: Io;
  requests: RollingRequests;
  times: { periodMs: number; intervalMs: number; timeoutMs: number };
  say(line: string): Promise<void>;
}
