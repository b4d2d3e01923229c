// What the servers of logs, processes and forwards work with on the board.
import type { LogsRequest, ProcessRequest, SessionMessage, SessionPlace } from '../../api/session.ts';
import type { SessionLink } from '../../api/session-link.ts';
import type { RuntimeProcess } from '../runtime/runtime.ts';
import type { PodNetwork } from './pod-ports.ts';

/** The session as its server sees it: it makes its channels, then starts the link. */
export interface BoardStream {
  link: SessionLink;
  /** Aborts when the client or the master is gone, or the agent stops. */
  signal: AbortSignal;
  onMessage(listener: (message: SessionMessage) => void): void;
}

/** Where the streams come from. Each rejects with a StatusError that becomes the client's answer. */
export interface SessionSources {
  openLog(request: LogsRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  startProcess(request: ProcessRequest): Promise<RuntimeProcess>;
  podNetwork(place: SessionPlace): PodNetwork;
}
