// A stream that a client waits for (a log, exec, attach, port-forward) and its board serves by dialling back.
//
// The board opens a WebSocket to `wss://<API server><path>` with its node certificate (only the board that the
// session was made for may take it, once, within 10 s). Both ends then speak:
//   binary   4 bytes big-endian: number of a channel; then its bytes, at most 64 KiB. Without bytes: this
//            direction of the channel has ended (half-close).
//   text     one SessionMessage as JSON.
// Each direction of each channel has a window of 256 KiB: a sender stops when so much is under way and goes on when
// the reader says with `credit` that its own reader has taken some. So neither end ever stops reading its socket:
// a slow reader holds back its channel alone, and costs neither end more memory than the window.
//
// The board says first `started` (the HTTP answer of the client begins) or `error` (that is the answer: code and
// message of the Status), and last `done` or `error`, after which it closes with code 1000. A close before that
// counts as an error. The API server closes (code 1001) when the client is gone: the board ends what it started.

import type { meta } from './objects.ts';

/** Channels of logs, exec and attach. A port-forward has one for each connection, made by `open`. */
export const STDIN_CHANNEL = 0;
export const STDOUT_CHANNEL = 1;
export const STDERR_CHANNEL = 2;

/** Bytes that one direction of a channel may have under way; both ends count on the same number. */
export const CHANNEL_WINDOW_BYTES = 256 * 1024;
export const MAX_FRAME_BYTES = 64 * 1024;
export const FRAME_HEAD_BYTES = 4;

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

/** Which streams of a process a client wants; with a terminal stderr is part of stdout. */
export interface ProcessStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface AttachOptions extends ProcessStreams {
  container: string;
}

export interface ExecOptions extends AttachOptions {
  command: readonly string[];
}

/** What is asked of a board. The log's bytes are those of the stdout channel. */
export type SessionTask =
  | { kind: 'logs'; logs: LogOptions }
  | { kind: 'exec'; exec: ExecOptions }
  | { kind: 'attach'; attach: AttachOptions }
  /** `addressOnly`: to the pod's address and no further, not to what listens on its own loopback alone. */
  | { kind: 'portforward'; addressOnly?: true }
  /** HTTP to the board itself: each `open` is a connection, its port says nothing; `pod` and `podUid` are empty. */
  | { kind: 'board' };

export interface SessionPlace {
  /** `namespace/name` */
  pod: string;
  podUid: string;
}

export type SessionRequest = SessionTask &
  SessionPlace & {
    id: string;
    /** Path on the API server that the board dials, `/edge/v1/sessions/ID`. */
    path: string;
  };

export type LogsRequest = Extract<SessionRequest, { kind: 'logs' }>;
export type ProcessRequest = Extract<SessionRequest, { kind: 'exec' | 'attach' }>;

export type ForwardRequest = Extract<SessionRequest, { kind: 'portforward' }>;

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A text frame: exactly one of these. */
export interface SessionMessage {
  /** Board, first: what was asked for is there, bytes may take a while. */
  started?: true;
  /** Board, last: it is over. `exitCode` of a process of exec. */
  done?: { exitCode?: number };
  /** Board, last: it went wrong. */
  error?: meta.Status;
  /** API server: the client's terminal has this size now. */
  resize?: TerminalSize;
  /** API server: connect this new channel to a TCP port of the pod. */
  open?: { channel: number; port: number };
  /** Reader of a channel: so many bytes more may come. */
  credit?: { channel: number; bytes: number };
  /** Either end: it neither reads nor writes this channel any more, and why. */
  reset?: { channel: number; message?: string };
}
