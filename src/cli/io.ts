// What a verb may touch of the process that it runs in. bin/ hands in the real one, tests a recorded one.

export interface Io {
  /** Resolves when the reader can take more: a slow pipe slows the writer. */
  out(text: string | Uint8Array): Promise<void>;
  /** For messages, warnings and errors; a line end is added. */
  err(line: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  env: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  homeDirectory: string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}
