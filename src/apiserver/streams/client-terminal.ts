// What a client of exec or attach has open, whichever protocol carries it.
import type { Readable, Writable } from 'node:stream';
import type { meta } from '../../api/objects.ts';
import type { TerminalSize } from '../../api/session.ts';

export interface ClientTerminal {
  /** Those that it asked for; it is read, and written, no faster than the other end goes. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Called once when the connection has closed, at once when it has already. */
  onGone(listener: () => void): void;
  /** Tells how it ended and closes; the outputs have been written by then. Does nothing for who is gone. */
  finish(status: meta.Status): Promise<void>;
}

/** kubectl writes `{"Width":80,"Height":24}`; the last of what came together counts. */
export function readTerminalSize(text: string): TerminalSize | undefined {
  const last = text.match(/\{[^{}]*\}/g)?.at(-1);
  if (last === undefined) return undefined;
  try {
    const { Width: columns, Height: rows } = JSON.parse(last) as Record<string, unknown>;
    return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
