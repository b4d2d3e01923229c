// Streams that boards serve by dialling back: each session has a random id, one board that may take it, and a
// deadline for it to come. The protocol is described in api/session.ts.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { SessionPlace, SessionRequest, SessionTask } from '../api/session.ts';
import {
  forbidden,
  notFound,
  type StatusError,
  timeout,
  unauthorized,
  unavailable,
} from '../api/status-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { NODE_USER_PREFIX } from '../pki/node-certificate.ts';
import type { User } from './http/api-request.ts';
import type { NodeSessions } from './node-sessions.ts';

export const SESSION_PATH = '/edge/v1/sessions/';

/** A board that is there answers within a second; a slow Zero 2 W under load within a few. */
const DIAL_BACK_TIMEOUT_MS = 10_000;
const ID_BYTES = 16;
/** The largest frame a board may send; it sends 64 KiB. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** How soon the kernel notices that a board lost its power in the middle of a stream. */
const KEEP_ALIVE_DELAY_MS = 15_000;

interface Waiting {
  nodeName: string;
  accept(socket: WebSocket): void;
  refuse(error: StatusError): void;
  timer: Timer;
  /** Its client has been told that the board did not come. */
  isOver: boolean;
}

export class Sessions {
  readonly #nodeSessions: NodeSessions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Waiting>();
  readonly #open = new Set<WebSocket>();
  #server: WebSocketServer | undefined;

  constructor(nodeSessions: NodeSessions, clock: Clock, logger: Logger) {
    this.#nodeSessions = nodeSessions;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Asks the board for a stream and resolves with the socket that it dials; nothing is read from it yet (paused).
   * @throws StatusError ServiceUnavailable (board not connected), Timeout (it did not come).
   */
  async dial(nodeName: string, place: SessionPlace, task: SessionTask): Promise<WebSocket> {
    const id = randomBytes(ID_BYTES).toString('hex');
    const request: SessionRequest = { id, path: `${SESSION_PATH}${id}`, ...place, ...task };
    const socket = this.#expect(id, nodeName);
    // The board may be refused before it could come: then nobody else looks at this promise.
    socket.catch(() => {});
    try {
      await this.#nodeSessions.request(nodeName, request);
    } catch (error) {
      this.#forget(id);
      throw error;
    }
    return socket;
  }

  /** Takes over an upgrade request. @throws StatusError when this user may not have this session. */
  async accept(path: string, user: User | undefined, request: IncomingMessage, socket: Duplex, head: Buffer) {
    if (!user) throw unauthorized();
    const id = path.slice(SESSION_PATH.length);
    const waiting = this.#waiting.get(id);
    const subject = { group: '', kind: 'sessions', name: id };
    if (!waiting) throw notFound(subject);
    if (user.name !== `${NODE_USER_PREFIX}${waiting.nodeName}`) {
      throw forbidden(subject, `it waits for another board than ${user.name}`);
    }
    // From here nobody else may take it; the deadline stands until the upgrade is done, which may yet fail.
    this.#waiting.delete(id);
    const server = await this.#webSocketServer();
    request.socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      waiting.timer.cancel();
      webSocket.pause();
      this.#track(webSocket);
      if (waiting.isOver) webSocket.terminate();
      else waiting.accept(webSocket);
    });
  }

  stop(): void {
    for (const [id, { refuse }] of this.#waiting) {
      this.#forget(id);
      refuse(unavailable('the API server is stopping: try again'));
    }
    for (const socket of this.#open) socket.terminate();
  }

  #expect(id: string, nodeName: string): Promise<WebSocket> {
    return new Promise((accept, refuse) => {
      const timer = this.#clock.after(DIAL_BACK_TIMEOUT_MS, () => {
        this.#waiting.delete(id);
        waiting.isOver = true;
        refuse(didNotCome(nodeName));
      });
      const waiting: Waiting = { nodeName, accept, refuse, timer, isOver: false };
      this.#waiting.set(id, waiting);
    });
  }

  #forget(id: string): void {
    this.#waiting.get(id)?.timer.cancel();
    this.#waiting.delete(id);
  }

  #track(socket: WebSocket): void {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', (error) => this.#logger.debug({ error: error.message }, 'a session broke'));
  }

  async #webSocketServer(): Promise<WebSocketServer> {
    if (!this.#server) {
      const { WebSocketServer: Server } = await import('ws');
      this.#server ??= new Server({ noServer: true, perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
    }
    return this.#server;
  }
}

const didNotCome = (nodeName: string) =>
  timeout(
    `board ${nodeName} did not answer within ${DIAL_BACK_TIMEOUT_MS / 1000} s: see that it is up and can reach this server (edgectl get nodes)`,
  );
