// exec and attach over WebSocket: channels 0 stdin, 1 stdout, 2 stderr, 3 how it ended, 4 size of the terminal.
import type { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { meta } from '../../api/objects.ts';
import type { ProcessStreams, TerminalSize } from '../../api/session.ts';
import type { ChannelProtocol } from './channel-protocol.ts';
import { ChannelSocket } from './channel-socket.ts';
import { type ClientTerminal, readTerminalSize } from './client-terminal.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const RESIZE = 4;
const NORMAL_CLOSURE = 1000;

export class WebSocketTerminal implements ClientTerminal {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly #channels: ChannelSocket;
  readonly #protocol: ChannelProtocol;
  readonly #sizes: Readable;

  constructor(socket: WebSocket, protocol: ChannelProtocol, streams: ProcessStreams) {
    this.#protocol = protocol;
    this.#channels = new ChannelSocket(socket, protocol);
    this.stdin = streams.stdin ? this.#channels.input(STDIN) : undefined;
    this.stdout = streams.stdout ? this.#channels.output(STDOUT) : undefined;
    this.stderr = streams.stderr ? this.#channels.output(STDERR) : undefined;
    this.#sizes = this.#channels.input(RESIZE);
  }

  /** As upstream: an empty message on the lowest output tells the client that it is connected. */
  async start(): Promise<void> {
    this.#channels.start();
    await this.#channels.send(this.stdout ? STDOUT : this.stderr ? STDERR : STATUS, Buffer.alloc(0));
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#sizes.on('data', (chunk: Buffer) => {
      const size = readTerminalSize(chunk.toString('latin1'));
      if (size) listener(size);
    });
  }

  onGone(listener: () => void): void {
    this.#channels.onGone(listener);
  }

  async finish(status: meta.Status): Promise<void> {
    const text = this.#protocol.hasStatus ? JSON.stringify(status) : plainText(status);
    if (text) await this.#channels.send(STATUS, Buffer.from(text));
    this.#channels.close(NORMAL_CLOSURE);
  }
}

/** Before v4 only failures are told, in words. */
export function plainText(status: meta.Status): string {
  return status.status === 'Success' ? '' : (status.message ?? 'it failed');
}
