// Requests to the API server over HTTPS with a client certificate. Whatever goes wrong comes out as a
// StatusError: the server's own Status, or ServiceUnavailable saying what to check.
import type { ClientRequest, IncomingMessage } from 'node:http';
import * as https from 'node:https';
import type { meta } from '../api/objects.ts';
import { StatusError, unavailable } from '../api/status-error.ts';

export interface HttpConnectionOptions {
  /** Such as `https://192.168.1.10:6443`. */
  server: string;
  /** The cluster's CA, PEM. Without it the system's CAs must know the server. */
  caPem?: string;
  certPem?: string;
  keyPem?: string;
  bearerToken?: string;
  /** Accepts any server certificate: only ever at a person's word. */
  insecureSkipTlsVerify?: boolean;
  /** How long an answer may take to begin, and a request in all but a watch to end; 30 s unless said. */
  timeoutMs?: number;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  path: string;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** Sockets stay open between requests, and TCP notices a vanished server by itself. */
const KEEP_ALIVE_MS = 15_000;
/** An error's body is read no further than this. */
const MAX_ERROR_BYTES = 1_048_576;

export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  #agent: https.Agent | undefined;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
  }

  /** Ends open requests; the next one opens anew. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /** The answer's JSON. Rejects with a StatusError. */
  async json<T>(request: HttpRequest): Promise<T> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    const response = await this.#open({ ...request, signal });
    const text = await this.#readAll(response);
    return this.#parse<T>(text);
  }

  /** The answer's body as it comes. The caller reads it to the end or destroys it. */
  async stream(request: HttpRequest): Promise<IncomingMessage> {
    return this.#open(request);
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 30_000;
  }

  async #open(request: HttpRequest): Promise<IncomingMessage> {
    const response = await this.#send(request);
    const code = response.statusCode ?? 500;
    if (code < 400) return response;
    throw statusErrorFrom(code, await this.#readAll(response, MAX_ERROR_BYTES), this.#options.server);
  }

  #send(request: HttpRequest): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    return new Promise((resolve, reject) => {
      const outgoing = https.request(new URL(request.path, this.#options.server), {
        method: request.method,
        agent: this.#ensureAgent(),
        headers: this.#headers(request, body?.length),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => reject(this.#unreachable(error)));
      this.#limitWaiting(outgoing);
      outgoing.end(body);
    });
  }

  /** A server that takes the connection and never answers is as good as none. */
  #limitWaiting(outgoing: ClientRequest): void {
    const ms = this.#timeoutMs;
    outgoing.setTimeout(ms, () => outgoing.destroy(new Error(`no answer within ${ms / 1000} s`)));
    outgoing.once('response', () => outgoing.setTimeout(0));
  }

  #headers(request: HttpRequest, length: number | undefined): Record<string, string | number> {
    const { bearerToken } = this.#options;
    return {
      Accept: 'application/json',
      'User-Agent': 'edge-cluster',
      ...(bearerToken ? { Authorization: `Bearer ${bearerToken}` } : {}),
      ...(length === undefined ? {} : { 'Content-Length': length }),
      ...(length === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
    };
  }

  #ensureAgent(): https.Agent {
    const { caPem, certPem, keyPem, insecureSkipTlsVerify } = this.#options;
    this.#agent ??= new https.Agent({
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(caPem ? { ca: caPem } : {}),
      ...(certPem ? { cert: certPem } : {}),
      ...(keyPem ? { key: keyPem } : {}),
    });
    return this.#agent;
  }

  async #readAll(response: IncomingMessage, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of response) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxBytes) break;
      }
    } catch (error) {
      throw this.#unreachable(error);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #parse<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch {
      throw unavailable(`${this.#options.server} did not answer in JSON: check that it is an API server`);
    }
  }

  #unreachable(error: unknown): StatusError {
    return unreachable(this.#options.server, error);
  }
}

/** ServiceUnavailable that names the server, the cause and what to check. */
export function unreachable(server: string, error: unknown): StatusError {
  const cause = error instanceof Error ? error.message || error.name : String(error);
  const failure = unavailable(
    `cannot reach the API server at ${server} (${cause}): check that it runs and that the address, certificates and network are right`,
  );
  failure.cause = error;
  return failure;
}

function statusErrorFrom(code: number, text: string, server: string): StatusError {
  try {
    const status = JSON.parse(text) as meta.Status;
    if (status?.kind === 'Status') return StatusError.fromStatus({ code, ...status });
  } catch {
    // Not JSON: the answer is not the API server's own, and is quoted below.
  }
  const excerpt = text.trim().slice(0, 200);
  return new StatusError(code, 'Unknown', `${server} answered ${code}${excerpt ? `: ${excerpt}` : ''}`);
}
