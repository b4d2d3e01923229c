// exec and attach over SPDY/3.1, as kubectl up to 1.29 speaks it: one stream for each of stdin, stdout, stderr,
// resize and error (how it ended), each opened by the client with a `streamType` header.
import type { Readable, Writable } from 'node:stream';
import type { meta } from '../../api/objects.ts';
import type { ProcessStreams, TerminalSize } from '../../api/session.ts';
import type { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { type ClientTerminal, readTerminalSize } from './client-terminal.ts';
import { plainText } from './websocket-terminal.ts';

export const SPDY_PROCESS_PROTOCOLS = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];

export class SpdyTerminal implements ClientTerminal {
  readonly #connection: SpdyConnection;
  readonly #protocol: string;
  readonly #expected: ReadonlySet<string>;
  readonly #streams = new Map<string, SpdyStream>();

  constructor(connection: SpdyConnection, protocol: string, streams: ProcessStreams) {
    this.#connection = connection;
    this.#protocol = protocol;
    this.#expected = new Set(expectedStreams(protocol, streams));
  }

  get stdin(): Readable | undefined {
    return this.#streams.get('stdin');
  }

  get stdout(): Writable | undefined {
    return this.#streams.get('stdout');
  }

  get stderr(): Writable | undefined {
    return this.#streams.get('stderr');
  }

  /** Resolves when the client has opened what it announced; rejects when it goes before. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connection.onGone(() => reject(new Error('the client left before its streams were open')));
      this.#connection.start((stream) => {
        const type = stream.headers.get('streamtype') ?? '';
        if (!this.#expected.has(type) || this.#streams.has(type)) stream.destroy();
        else this.#streams.set(type, stream);
        if (this.#streams.size === this.#expected.size) resolve();
      });
    });
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#streams.get('resize')?.on('data', (chunk: Buffer) => {
      const size = readTerminalSize(chunk.toString('latin1'));
      if (size) listener(size);
    });
  }

  onGone(listener: () => void): void {
    this.#connection.onGone(listener);
  }

  async finish(status: meta.Status): Promise<void> {
    const error = this.#streams.get('error');
    const text = this.#protocol.startsWith('v4.') ? JSON.stringify(status) : plainText(status);
    await new Promise<void>((resolve) => {
      if (!error || error.closed) return resolve();
      error.once('close', resolve);
      error.end(text, resolve);
    });
    this.#connection.close();
  }
}

function expectedStreams(protocol: string, { stdin, stdout, stderr, tty }: ProcessStreams): string[] {
  const hasResize = tty && /^v[345]\./.test(protocol);
  return [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr ? ['stderr'] : []),
    ...(hasResize ? ['resize'] : []),
  ];
}
