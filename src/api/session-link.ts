// One end of a session (api/session.ts): the WebSocket seen as channels and messages. Both ends use it. What is no
// session's frame ends the session.
import type { RawData, WebSocket } from 'ws';
import { FRAME_HEAD_BYTES, type SessionMessage } from './session.ts';
import { type ChannelLink, SessionChannel } from './session-channel.ts';

export interface SessionListener {
  /** Anything but credit and reset, which the link deals with. */
  onMessage(message: SessionMessage): void;
  /** The socket has closed; called once, after all channels have been ended. */
  onClosed(): void;
}

const PROTOCOL_ERROR = 1002;

export class SessionLink {
  readonly #socket: WebSocket;
  readonly #listener: SessionListener;
  readonly #channels = new Map<number, SessionChannel>();
  readonly #ofChannels: ChannelLink;

  constructor(socket: WebSocket, listener: SessionListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#ofChannels = {
      sendBytes: (channel, bytes, done) => this.#sendBytes(channel, bytes, done),
      sendCredit: (channel, bytes) => this.send({ credit: { channel, bytes } }),
      closed: (channel, reset) => {
        this.#channels.delete(channel);
        if (reset) this.send({ reset: { channel, ...reset } });
      },
    };
  }

  /** Begins to read a paused socket. Channels that bytes are to come on must have been made. */
  start(): void {
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#socket.on('close', () => this.#closed());
    if (this.#socket.readyState === this.#socket.CLOSED) this.#closed();
    else this.#socket.resume();
  }

  /** Makes a channel; its number has not been used before in this session. */
  channel(id: number): SessionChannel {
    const channel = new SessionChannel(id, this.#ofChannels);
    // Whoever uses the channel hears of its end by its streams; an error nobody waits for is no crash.
    channel.on('error', ignore);
    this.#channels.set(id, channel);
    return channel;
  }

  /** On a closed socket nothing is sent. */
  send(message: SessionMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message), ignore);
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  #sendBytes(channel: number, bytes: Uint8Array | undefined, done: (error?: Error | null) => void): void {
    const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + (bytes?.length ?? 0));
    frame.writeUInt32BE(channel);
    if (bytes) frame.set(bytes, FRAME_HEAD_BYTES);
    this.#socket.send(frame, done);
  }

  #receive(data: RawData, isBinary: boolean): void {
    const isGood = isBinary ? this.#bytes(data as Buffer) : this.#message(data);
    if (!isGood) this.#socket.close(PROTOCOL_ERROR);
  }

  /** Bytes of a channel that this end has left are dropped. */
  #bytes(frame: Buffer): boolean {
    if (frame.length < FRAME_HEAD_BYTES) return false;
    const channel = this.#channels.get(frame.readUInt32BE());
    return channel?.receive(frame.subarray(FRAME_HEAD_BYTES)) ?? true;
  }

  #message(data: RawData): boolean {
    const message = parseMessage(data);
    if (!message) return false;
    const { credit, reset } = message;
    if (credit) this.#channels.get(credit.channel)?.credit(credit.bytes);
    else if (reset) this.#channels.get(reset.channel)?.reset(reset.message);
    else this.#listener.onMessage(message);
    return true;
  }

  #closed(): void {
    for (const channel of [...this.#channels.values()]) channel.cut();
    this.#listener.onClosed();
  }
}

const ignore = () => {};

function parseMessage(data: RawData): SessionMessage | undefined {
  try {
    const message: unknown = JSON.parse(data.toString());
    return typeof message === 'object' && message !== null ? (message as SessionMessage) : undefined;
  } catch {
    return undefined;
  }
}
