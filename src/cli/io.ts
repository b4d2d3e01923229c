// What a verb may touch of the process that it runs in. bin/ hands in the real one, tests a recorded one.
import type { Readable } from 'node:stream';
import type { TerminalSize } from '../api/session.ts';

/** The streams of this process as they are, for verbs that hand them to another one. */
export interface Terminal {
  readonly input: Readable;
  /** Whether a person sits at the input. */
  readonly isTty: boolean;
  /** Resolves when the reader of standard error can take more. */
  err(bytes: Uint8Array): Promise<void>;
  /** Passes every key on as it is typed, until the function it gives is called. */
  raw(): () => void;
  /** Tells the size now and whenever it changes; gives the way to unsubscribe. */
  onSize(listener: (size: TerminalSize) => void): () => void;
}

export interface Io {
  /** Resolves when the reader can take more: a slow pipe slows the writer. */
  out(text: string | Uint8Array): Promise<void>;
  /** For messages, warnings and errors; a line end is added. */
  err(line: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  terminal?: Terminal;
  /** Aborts when the person ends the program; absent = it just ends. */
  interrupted?: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  homeDirectory: string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}
