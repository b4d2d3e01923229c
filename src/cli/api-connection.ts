// Raw requests to the API server, for kinds that only its discovery knows. Sockets are not kept: the process
// ends with its command.
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import type { meta } from '../api/objects.ts';
import { StatusError, unavailable } from '../api/status-error.ts';
import { CliError } from './cli-error.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  path: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

/** Every method rejects with a StatusError. */
export interface ApiConnection {
  /** The answer's JSON. */
  json<T>(request: ApiRequest): Promise<T>;
  /** The answer's bytes as they come; leaving the loop ends the request. */
  stream(request: ApiRequest): Promise<AsyncIterable<Buffer>>;
}

const ANSWER_TIMEOUT_MS = 30_000;

export class HttpsConnection implements ApiConnection {
  readonly #access: ClusterAccess;
  readonly #onWarning: (text: string) => void;

  /** `onWarning` gets what the server says in `Warning` headers. */
  constructor(access: ClusterAccess, onWarning: (text: string) => void) {
    this.#access = access;
    this.#onWarning = onWarning;
  }

  async json<T>(request: ApiRequest): Promise<T> {
    const text = await this.#text(await this.#open(request));
    try {
      return JSON.parse(text) as T;
    } catch {
      throw unavailable(`${this.#access.server} did not answer in JSON: check that it is an API server`);
    }
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<Buffer>> {
    return this.#bytes(await this.#open(request));
  }

  async #open(request: ApiRequest): Promise<IncomingMessage> {
    const response = await this.#send(request);
    this.#warn(response.headers.warning);
    const code = response.statusCode ?? 500;
    if (code >= 400) throw statusError(code, await this.#text(response), this.#access.server);
    return response;
  }

  #send(request: ApiRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const url = this.#url(request.path);
    const outgoing = https.request(url, {
      method: request.method,
      agent: false,
      headers: this.#headers(request, body?.length),
      ...this.#tls(),
      ...(request.signal ? { signal: request.signal } : {}),
    });
    const silence = new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => outgoing.destroy(silence));
    outgoing.once('response', (response) => {
      outgoing.setTimeout(0);
      resolve(response);
    });
    outgoing.once('error', (error) => reject(this.#unreachable(error)));
    outgoing.end(body);
    return promise;
  }

  #url(path: string): URL {
    const base = this.#access.server.replace(/\/$/, '');
    if (!base.startsWith('https://')) {
      throw new CliError(
        `the kubeconfig's server ${this.#access.server} is not an https:// address: mend it there`,
      );
    }
    try {
      return new URL(`${base}${path}`);
    } catch {
      throw new CliError(`the kubeconfig's server ${this.#access.server} is not an address: mend it there`);
    }
  }

  #headers(request: ApiRequest, length: number | undefined): Record<string, string | number> {
    const { bearerToken } = this.#access;
    return {
      Accept: request.accept ?? 'application/json',
      'User-Agent': 'edgectl',
      ...(bearerToken ? { Authorization: `Bearer ${bearerToken}` } : {}),
      ...(length === undefined ? {} : { 'Content-Length': length }),
      ...(length === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
    };
  }

  #tls(): https.RequestOptions {
    const { caPem, certPem, keyPem, insecureSkipTlsVerify, tlsServerName } = this.#access;
    return {
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(caPem ? { ca: caPem } : {}),
      ...(certPem ? { cert: certPem } : {}),
      ...(keyPem ? { key: keyPem } : {}),
      ...(tlsServerName ? { servername: tlsServerName } : {}),
    };
  }

  #warn(header: unknown): void {
    if (typeof header !== 'string') return;
    for (const [, text = ''] of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      this.#onWarning(text.replace(/\\(.)/g, '$1'));
    }
  }

  /** Ends the request when the reader leaves; a connection that breaks is an error, never a quiet end. */
  async *#bytes(response: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* response;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #text(response: AsyncIterable<Buffer>): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#bytes(response)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  #unreachable(error: unknown): StatusError {
    const cause =
      error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : '';
    const failure = unavailable(
      `cannot reach the API server at ${this.#access.server} (${cause}): check that the cluster runs and that the kubeconfig is its own`,
    );
    failure.cause = error;
    return failure;
  }
}

function statusError(code: number, text: string, server: string): StatusError {
  try {
    const status = JSON.parse(text) as meta.Status;
    if (status?.kind === 'Status') return StatusError.fromStatus({ code, ...status });
  } catch {
    // Not JSON, so not the API server's own answer: it is quoted below.
  }
  return new StatusError(code, 'Unknown', `${server} answered ${code}: ${text.trim().slice(0, 200)}`);
}
