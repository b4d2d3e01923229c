// The opt-in port for a machine's own programs: plain HTTP, every right, no questions asked. It listens on
// 127.0.0.1 and nowhere else, and answers nothing that a web page could have sent.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StatusError } from '../../api/status-error.ts';
import type { Component } from '../../base/component.ts';
import { OpenSockets } from '../../base/listener.ts';
import { ADMIN_GROUP } from '../auth/authorizer.ts';
import type { User } from './api-request.ts';
import type { HttpsFront } from './https-front.ts';
import { endRaw } from './raw-answer.ts';
import { sendError } from './respond.ts';

const HOST = '127.0.0.1';
const USER: User = { name: 'system:unsecured', groups: [ADMIN_GROUP, 'system:authenticated'] };
/** Names by which a program on this machine calls it; any other may be one that a web page made point here. */
const LOCAL_NAMES = /^(localhost|127\.0\.0\.1)(:\d+)?$/i;

export class InsecurePort implements Component {
  readonly #front: HttpsFront;
  readonly #port: number;
  readonly #sockets = new OpenSockets();
  #server: Server | undefined;

  /** `port` 0 = any free one; read `port` after start(). */
  constructor(front: HttpsFront, port: number) {
    this.#front = front;
    this.#port = port;
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? 0;
  }

  /** @throws Error when the port cannot be listened on. */
  async start(): Promise<void> {
    const server = createServer();
    server.on('connection', (socket) => this.#sockets.add(socket));
    server.on('request', (incoming, response) => {
      const error = refusal(incoming);
      if (error) sendError(response, error);
      else this.#front.serve(incoming, response, USER);
    });
    server.on('upgrade', (incoming, socket, head) => {
      const error = refusal(incoming);
      if (error) endRaw(socket, error);
      else this.#front.serveUpgrade(incoming, socket, head, USER);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, HOST, () => resolve());
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#sockets.destroyAll();
    await closed;
  }
}

/** A page in a browser on this machine can reach 127.0.0.1 too: by a name of its own, or with its Origin. */
function refusal({ headers }: IncomingMessage): StatusError | undefined {
  if (LOCAL_NAMES.test(headers.host ?? '') && headers.origin === undefined) return undefined;
  return new StatusError(403, 'Forbidden', 'this port answers programs on this machine only');
}
