// Gives this board's images to other boards: HTTPS with the certificates of nodes at both ends, one image as a tar
// archive per request, few at a time. Who shows no node's certificate of this cluster gets no answer at all.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ImageRights } from './image-rights.ts';

export interface NodeTls {
  keyPem: string;
  certPem: string;
  caPem: string;
}

export interface ImageServerOptions {
  port: number;
  tls(): NodeTls;
  runtime: Runtime;
  rights: ImageRights;
  logger: Logger;
}

export const NODES_GROUP = 'system:nodes';
export const NODE_USER_PREFIX = 'system:node:';
/** Header of requests: what of the asking pod's credentials there is, as credentialHash() has it, by commas. */
export const CREDENTIALS_HEADER = 'x-edge-image-credentials';
/** Header of answers: the image is for those with credentials. */
export const PRIVATE_HEADER = 'x-edge-image-private';
export const IMAGES_PATH = '/edge/v1/images/';

/** A board's pods come first: who finds it busy asks the next board, or the registry. */
const GIVEN_AT_ONCE = 2;

export class ImageServer implements Component {
  readonly #options: ImageServerOptions;
  #server: Server | undefined;
  #giving = 0;

  constructor(options: ImageServerOptions) {
    this.#options = options;
  }

  /** The port in use, which differs from the one asked for when that was 0. */
  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  /** A port that is taken is told and costs the neighbours only: the board runs its pods without it. */
  async start(): Promise<void> {
    const { createServer } = await import('node:https');
    const { keyPem, certPem, caPem } = this.#options.tls();
    const tls = { key: keyPem, cert: certPem, ca: caPem, minVersion: 'TLSv1.3' as const };
    const server = createServer(
      { ...tls, requestCert: true, rejectUnauthorized: true },
      (request, response) => void this.#answer(request, response),
    );
    this.#server = server;
    const { port, logger } = this.#options;
    await new Promise<void>((resolve) => {
      server.on('error', (error) => {
        logger.warn({ err: error, port }, 'images cannot be given to other boards');
        resolve();
      });
      server.listen(port, () => resolve());
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server?.listening) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const refusal = refusalOf(request);
      if (refusal) end(response, 403, refusal);
      else if (this.#giving >= GIVEN_AT_ONCE) end(response, 503, 'busy');
      else await this.#give(request, response);
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'an image was not given to another board');
      // An archive that is cut off must not look like one that ended.
      if (response.headersSent) response.destroy();
      else end(response, 404, 'no such image here');
    }
  }

  async #give(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { rights, runtime } = this.#options;
    const id = (request.url ?? '').slice(IMAGES_PATH.length);
    if (
      request.method !== 'GET' ||
      !request.url?.startsWith(IMAGES_PATH) ||
      !/^sha256:[0-9a-f]{64}$/.test(id)
    ) {
      end(response, 404, 'no such image here');
      return;
    }
    const shown = String(request.headers[CREDENTIALS_HEADER] ?? '').split(',');
    if (!(await rights.mayHave(id, shown))) {
      end(response, 403, 'this image takes the credentials of its registry');
      return;
    }
    this.#giving++;
    try {
      const archive = await (await runtime.imageStore()).save(id);
      const mark = (await rights.isPrivate(id)) ? { [PRIVATE_HEADER]: 'true' } : {};
      response.writeHead(200, { 'content-type': 'application/x-tar', ...mark });
      await pipeline(archive, response);
    } finally {
      this.#giving--;
    }
  }
}

/** Other certificates of the cluster's authority, such as a user's, are no board. */
function refusalOf({ socket }: IncomingMessage): string | undefined {
  const { subject } = (socket as TLSSocket).getPeerCertificate();
  const isNode =
    [subject?.O].flat().includes(NODES_GROUP) && String(subject?.CN).startsWith(NODE_USER_PREFIX);
  return isNode ? undefined : 'only boards of this cluster get images here';
}

function end(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${words}\n`);
}
