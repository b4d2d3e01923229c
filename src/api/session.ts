// A stream that a client waits for (a container's log) and its board serves by dialling back.
//
// The board opens a WebSocket to `wss://<API server><path>` with its node certificate (only the board that the
// session was made for may take it, once, within 10 s) and speaks, board → API server:
//   text   `{"started":true}`      optional, at most once and first: the log is found, bytes may take a while
//   binary                         bytes of the log, as they are, at most 64 KiB a frame
//   text   `{}`                    last: the log ended well
//   text   `{"error": Status}`     last: it did not. Before any byte the client gets it as the HTTP answer
//                                  (code and message of the Status); after that its connection is cut.
// Then the board closes with code 1000. A close without a last text frame counts as an error. The API server
// sends no data; it closes (code 1001) when the client is gone: the board stops reading. Both ends stop reading
// from the socket while what they write to is full.

import type { meta } from './objects.ts';

export interface LogOptions {
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  /** At most this many lines from the end. */
  tailLines?: number;
  /** RFC 3339: only what is newer. */
  sinceTime?: string;
  limitBytes?: number;
}

export interface SessionRequest {
  id: string;
  /** Path on the API server that the board dials, `/edge/v1/sessions/ID`. */
  path: string;
  kind: 'logs';
  /** `namespace/name` */
  pod: string;
  podUid: string;
  logs: LogOptions;
}

/** A text frame from the board; `{}` and `{error}` are last frames. */
export interface SessionMessage {
  started?: true;
  error?: meta.Status;
}
