// The board's end of a stream that a client waits for: dials the API server, sends the log, says how it ended.
// The protocol is described in api/session.ts. Nothing on the board listens.
import type { WebSocket } from 'ws';
import type { SessionMessage, SessionRequest } from '../api/session.ts';
import { internalError, StatusError } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';

export interface SessionTls {
  caPem: string;
  certPem: string;
  keyPem: string;
}

export interface SessionsOptions {
  /** Of the API server, such as `https://192.168.1.10:6443`. */
  masterUrl: string;
  /** This board's certificate as it is now. */
  tls(): SessionTls;
  logger: Logger;
  /** Throws a StatusError when there is no such log. */
  openLog(request: SessionRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

const MAX_FRAME_BYTES = 64 * 1024;
/** The API server forgets a session that nobody took after 10 s. */
const DIAL_TIMEOUT_MS = 10_000;
const NORMAL_CLOSURE = 1000;

export class Sessions implements Component {
  readonly #options: SessionsOptions;
  readonly #open = new Map<AbortController, Promise<void>>();
  #isStopped = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const controller of this.#open.keys()) controller.abort();
    await Promise.all(this.#open.values());
  }

  /** Dials back and serves; what goes wrong is told to the client, or logged where it cannot be. */
  serve(request: SessionRequest): void {
    if (this.#isStopped) return;
    const controller = new AbortController();
    const serving = this.#serve(request, controller)
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { pod: request.pod, error: String(error) },
          'a session could not be served',
        );
      })
      .finally(() => this.#open.delete(controller));
    this.#open.set(controller, serving);
  }

  async #serve(request: SessionRequest, controller: AbortController): Promise<void> {
    const socket = await this.#dial(request.path, controller);
    try {
      await sendJson(socket, await this.#sendLog(socket, request, controller.signal));
      socket.close(NORMAL_CLOSURE);
      await closed(socket);
    } finally {
      socket.terminate();
    }
  }

  /** Gives the last message of the session. */
  async #sendLog(socket: WebSocket, request: SessionRequest, signal: AbortSignal): Promise<SessionMessage> {
    try {
      const log = this.#options.openLog(request, signal);
      let isFirst = true;
      for await (const chunk of log) {
        if (isFirst) await sendJson(socket, { started: true });
        isFirst = false;
        await sendChunk(socket, chunk, signal);
      }
      return {};
    } catch (error) {
      if (signal.aborted) return {};
      if (error instanceof StatusError) return { error: error.toStatus() };
      this.#options.logger.error({ pod: request.pod, error: String(error) }, 'a log could not be read');
      return { error: internalError(`the log could not be read: ${String(error)}`).toStatus() };
    }
  }

  async #dial(path: string, controller: AbortController): Promise<WebSocket> {
    const { WebSocket: Socket } = await import('ws');
    const { caPem, certPem, keyPem } = this.#options.tls();
    const url = new URL(path, this.#options.masterUrl.replace(/^http/, 'ws'));
    const socket = new Socket(url, {
      ca: caPem,
      cert: certPem,
      key: keyPem,
      perMessageDeflate: false,
      handshakeTimeout: DIAL_TIMEOUT_MS,
    });
    controller.signal.addEventListener('abort', () => socket.terminate(), { once: true });
    await opened(socket);
    socket.on('close', () => controller.abort());
    socket.on('error', () => controller.abort());
    return socket;
  }
}

/** Resolves when the kernel has taken the bytes: that is the back-pressure. */
function send(socket: WebSocket, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(data, { binary: typeof data !== 'string' }, (error) => (error ? reject(error) : resolve()));
  });
}

function sendJson(socket: WebSocket, message: SessionMessage): Promise<void> {
  return socket.readyState === socket.OPEN ? send(socket, JSON.stringify(message)) : Promise.resolve();
}

async function sendChunk(socket: WebSocket, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let start = 0; start < chunk.length; start += MAX_FRAME_BYTES) {
    signal.throwIfAborted();
    await send(socket, chunk.subarray(start, start + MAX_FRAME_BYTES));
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the API server closed the session before it was open')));
  });
}

/** The other end answers the close, or the handshake times out and `ws` cuts it. */
function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
