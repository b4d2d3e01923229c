// A process that podman runs (exec) or whose streams it joins (attach), over one connection to its REST service:
// terminal, size, half-close of the input and exit code all work there, without a process per session on the board.
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { ProcessStreams, TerminalSize } from '../../../api/session.ts';
import type { RuntimeProcess } from '../runtime.ts';
import { inputStream } from './input-stream.ts';
import { outputStreams } from './output-streams.ts';

/** What exec and attach do differently. */
export interface ProcessControl {
  resize(size: TerminalSize): Promise<void>;
  /** Asked when the streams have ended. */
  exitCode(): Promise<number | undefined>;
  kill(): Promise<void>;
}

export class LibpodProcess implements RuntimeProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #socket: Socket;
  readonly #control: ProcessControl;
  readonly #tty: boolean;

  constructor(socket: Socket, streams: ProcessStreams, control: ProcessControl) {
    this.#socket = socket;
    this.#control = control;
    this.#tty = streams.tty;
    this.stdin = streams.stdin ? inputStream(socket) : undefined;
    const { stdout, stderr } = outputStreams(socket, streams.tty);
    this.stdout = stdout;
    this.stderr = stderr;
  }

  async resize(size: TerminalSize): Promise<void> {
    if (this.#tty && !this.#socket.destroyed) await this.#control.resize(size);
  }

  exitCode(): Promise<number | undefined> {
    return this.#control.exitCode();
  }

  async release(): Promise<void> {
    try {
      await this.#control.kill();
    } finally {
      this.#socket.destroy();
    }
  }
}
