// The board's end of a stream that a client waits for: dials the API server, serves what is asked for and says how
// it ended. The protocol is described in api/session.ts. Nothing on the board listens.
import type { WebSocket } from 'ws';
import type { ForwardRequest, SessionMessage, SessionRequest } from '../api/session.ts';
import { SessionLink } from '../api/session-link.ts';
import { internalError, StatusError } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { BoardStream, SessionSources } from './streams/board-stream.ts';
import type { PodPorts } from './streams/pod-ports.ts';
import type { BoardDocuments } from './streams/serve-board.ts';

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
  clock: Clock;
  logger: Logger;
  sources: SessionSources;
  /** What the board says of itself; nothing unless given. */
  documents?: BoardDocuments | undefined;
}

/** The API server forgets a session that nobody took after 10 s. */
const DIAL_TIMEOUT_MS = 10_000;
/** The API server sends 64 KiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** How soon the kernel notices that the master lost its power in the middle of a stream. */
const KEEP_ALIVE_DELAY_MS = 15_000;

export class Sessions implements Component {
  readonly #options: SessionsOptions;
  readonly #open = new Map<AbortController, Promise<void>>();
  /** Since the first port-forward. */
  #ports: PodPorts | undefined;
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
    this.#ports?.stop();
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
    socket.pause();
    const listeners: ((message: SessionMessage) => void)[] = [];
    const link = new SessionLink(socket, {
      onMessage: (message) => {
        for (const listener of listeners) listener(message);
      },
      onClosed: () => controller.abort(),
    });
    const { signal } = controller;
    try {
      const stream = {
        link,
        signal,
        onMessage: (listener: (message: SessionMessage) => void) => listeners.push(listener),
      };
      link.send(await this.#outcome(request, stream));
      // The API server closes when it has read all; it, or the connection, may be gone.
      await closed(socket);
    } finally {
      socket.terminate();
    }
  }

  /** Gives the last message of the session. */
  async #outcome(request: SessionRequest, stream: BoardStream): Promise<SessionMessage> {
    try {
      return { done: await this.#stream(request, stream) };
    } catch (error) {
      if (stream.signal.aborted) return {};
      if (error instanceof StatusError) return { error: error.toStatus() };
      const { pod, kind } = request;
      this.#options.logger.error({ pod, kind, error: String(error) }, 'a stream could not be served');
      return { error: internalError(`the board could not serve it: ${String(error)}`).toStatus() };
    }
  }

  /** Each kind is loaded when it is asked for: a board may never be. */
  async #stream(request: SessionRequest, stream: BoardStream): Promise<{ exitCode?: number }> {
    const { sources } = this.#options;
    if (request.kind === 'logs') {
      const { serveLog } = await import('./streams/serve-log.ts');
      return serveLog(request, stream, sources);
    }
    if (request.kind === 'board') {
      const { serveBoard } = await import('./streams/serve-board.ts');
      return serveBoard(stream, this.#options.documents ?? (async () => undefined));
    }
    if (request.kind === 'portforward') {
      return this.#forwards(request, stream);
    }
    const { serveProcess } = await import('./streams/serve-process.ts');
    return serveProcess(request, stream, sources);
  }

  /** @throws StatusError when the pod has no network. */
  async #forwards(request: ForwardRequest, stream: BoardStream): Promise<{ exitCode?: number }> {
    const { sources, clock } = this.#options;
    const { serveForwards } = await import('./streams/serve-forwards.ts');
    const { PodPorts: Ports } = await import('./streams/pod-ports.ts');
    sources.podNetwork(request);
    this.#ports ??= new Ports({ podNetwork: (place) => sources.podNetwork(place), clock });
    const ports = this.#ports;
    return serveForwards(stream, (port) =>
      request.addressOnly ? ports.connectToAddress(request, port) : ports.connect(request, port),
    );
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
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: DIAL_TIMEOUT_MS,
    });
    controller.signal.addEventListener('abort', () => socket.terminate(), { once: true });
    socket.once('upgrade', ({ socket: connection }) => connection.setKeepAlive(true, KEEP_ALIVE_DELAY_MS));
    await opened(socket);
    socket.on('error', () => controller.abort());
    return socket;
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the API server closed the session before it was open')));
  });
}

function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
