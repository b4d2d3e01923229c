// Requests to the API server over HTTPS with a client certificate. Whatever goes wrong comes out as a
// StatusError: the server's own Status, or ServiceUnavailable saying what to check. edgectl uses it as it is, for
// kinds that only the server's discovery knows.
import type { ClientRequest, IncomingMessage } from 'node:http';
import * as https from 'node:https';
import type { meta } from '../api/objects.ts';
import { StatusError, unavailable } from '../api/status-error.ts';
import { certificateTimeMessage, endedAt, isCertificateTimeProblem } from '../base/certificate-time.ts';
import { type Clock, systemClock } from '../base/clock.ts';

export interface HttpConnectionOptions {
  /** Such as `https://192.168.1.10:6443`; paths go behind it. */
  server: string;
  /** The cluster's CA, PEM. Without it the system's CAs must know the server. */
  caPem?: string;
  certPem?: string;
  keyPem?: string;
  bearerToken?: string;
  /** Accepts any server certificate: only ever at a person's word. */
  insecureSkipTlsVerify?: boolean;
  /** The name that the server's certificate must carry; the server's host unless said. */
  tlsServerName?: string;
  /** Gets what the server says in `Warning` headers. */
  onWarning?(text: string): void;
  /** How long an answer may take to begin, and a request in all but a watch to end; 30 s unless said. */
  timeoutMs?: number;
  /** The system's unless given. */
  clock?: Pick<Clock, 'now'>;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  path: string;
  body?: unknown;
  contentType?: string;
  /** JSON unless said. */
  accept?: string;
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

  /** The answer's bytes as they come; leaving the loop ends the request. Rejects, and throws, StatusErrors. */
  async stream(request: HttpRequest): Promise<AsyncIterable<Buffer>> {
    return this.#bytes(await this.#open(request));
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 30_000;
  }

  async #open(request: HttpRequest): Promise<IncomingMessage> {
    const response = await this.#send(request);
    this.#warn(response.headers.warning);
    const code = response.statusCode ?? 500;
    if (code < 400) return response;
    const text = await this.#readAll(response, MAX_ERROR_BYTES);
    throw this.#withEnd(statusErrorFrom(code, text, this.#options.server));
  }

  /** Who is not known may have been until its certificate ended, which no server says. */
  #withEnd(error: StatusError): StatusError {
    const { certPem, clock = systemClock } = this.#options;
    const end = error.code === 401 && certPem ? endedAt(certPem, clock.now()) : undefined;
    if (!end) return error;
    const remedy = 'take the kubeconfig that the master wrote at its last start, or have a new one signed';
    return new StatusError(401, error.reason, `the client certificate ended at ${end}: ${remedy}`);
  }

  #send(request: HttpRequest): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    return new Promise((resolve, reject) => {
      const outgoing = https.request(`${this.#options.server}${request.path}`, {
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
      Accept: request.accept ?? 'application/json',
      'User-Agent': 'edge-cluster',
      ...(bearerToken ? { Authorization: `Bearer ${bearerToken}` } : {}),
      ...(length === undefined ? {} : { 'Content-Length': length }),
      ...(length === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
    };
  }

  #ensureAgent(): https.Agent {
    const { caPem, certPem, keyPem, insecureSkipTlsVerify, tlsServerName } = this.#options;
    this.#agent ??= new https.Agent({
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(caPem ? { ca: caPem } : {}),
      ...(certPem ? { cert: certPem } : {}),
      ...(keyPem ? { key: keyPem } : {}),
      ...(tlsServerName ? { servername: tlsServerName } : {}),
    });
    return this.#agent;
  }

  async #readAll(response: IncomingMessage, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.#bytes(response)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** A connection that breaks is an error, never a quiet end. */
  async *#bytes(response: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* response;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #warn(header: unknown): void {
    if (typeof header !== 'string') return;
    for (const [, text = ''] of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      this.#options.onWarning?.(text.replace(/\\(.)/g, '$1'));
    }
  }

  #parse<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch {
      throw unavailable(`${this.#options.server} did not answer in JSON: check that it is an API server`);
    }
  }

  #unreachable(error: unknown): StatusError {
    const { server, clock = systemClock } = this.#options;
    return unreachable(server, error, clock.now());
  }
}

/** ServiceUnavailable that names the server, the cause and what to check. */
export function unreachable(server: string, error: unknown, nowMs = systemClock.now()): StatusError {
  // Where several addresses were tried the error says no more than its code.
  const { message, code, name } = error as NodeJS.ErrnoException;
  const failure = unavailable(
    isCertificateTimeProblem(error)
      ? certificateTimeMessage(`the certificate of the API server at ${server}`, nowMs)
      : `cannot reach the API server at ${server} (${message || code || name}): check that it runs, and that address, certificates (the kubeconfig) and network are right`,
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
