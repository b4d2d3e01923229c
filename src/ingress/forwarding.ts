// Brings one request to a backend and its answer back. An endpoint that cannot be reached is passed over while
// nothing of the body has been read; later failures show as 502 or 504, or as a broken connection.
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { pipeline } from 'node:stream';
import type { Endpoint } from './backend-endpoints.ts';
import { type BackendPool, type BackendRequest, isTimeout } from './backend-pool.ts';
import { toClient } from './proxy-headers.ts';

export type ClientRequestSide = IncomingMessage | Http2ServerRequest;
/** The two are alike where we use them; their overloads are not. */
export type ClientResponseSide = ServerResponse;
export const asResponse = (response: ServerResponse | Http2ServerResponse): ClientResponseSide =>
  response as ServerResponse;

export interface Exchange {
  req: ClientRequestSide;
  res: ClientResponseSide;
  /** The client waits for "100 Continue" before it sends its body. */
  expectsContinue: boolean;
}

export interface ForwardPlan {
  request: BackendRequest;
  bodyLimitBytes: number;
  /** Added to the answer of this endpoint. */
  setCookie(endpoint: Endpoint): string | undefined;
}

export interface Outcome {
  endpoint: Endpoint | undefined;
  /** To be answered by the caller; `undefined` when the backend's answer is on its way. */
  failure: number | undefined;
}

export const isIdempotent = (method: string): boolean =>
  ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method);
/** As many as a client would wait for. */
const MAX_TRIES = 4;

/** `endpoints` are tried in their order, one at least; `attempt` asks one of them. */
export async function forward(
  exchange: Exchange,
  endpoints: readonly Endpoint[],
  attempt: (endpoint: Endpoint) => Promise<Tried>,
): Promise<Outcome> {
  let failure = 502;
  for (const endpoint of endpoints.slice(0, MAX_TRIES)) {
    if (hasLeft(exchange)) break;
    const tried = await attempt(endpoint);
    if (tried === 'answered') return { endpoint, failure: undefined };
    failure = tried.status;
    if (!tried.mayTryNext) return { endpoint, failure };
  }
  return { endpoint: undefined, failure };
}

export type Tried = 'answered' | { status: number; mayTryNext: boolean };

/** A kept connection that its backend closed meanwhile is no failure of the backend: asked once more, afresh. */
export async function attemptHttp1(
  pool: BackendPool,
  exchange: Exchange,
  plan: ForwardPlan,
  endpoint: Endpoint,
): Promise<Tried> {
  for (;;) {
    let isReused = false;
    try {
      const opened = await pool.open(endpoint, plan.request);
      isReused = opened.isReused;
      const response = await converse(opened.request, exchange, plan);
      if (typeof response === 'number') return { status: response, mayTryNext: false };
      sendBack(response, exchange, plan.setCookie(endpoint));
      return 'answered';
    } catch (error) {
      const wasSent = error instanceof SentError;
      const canRepeat = !wasSent || (!hasBody(exchange.req) && isIdempotent(plan.request.method));
      if (isReused && canRepeat && !isTimeout(causeOf(error))) continue;
      const isLate = isTimeout(causeOf(error));
      return { status: isLate ? 504 : 502, mayTryNext: canRepeat && !(wasSent && isLate) };
    }
  }
}

/** The connection stood: some of the request may have arrived. */
class SentError extends Error {}

const causeOf = (error: unknown): unknown => (error instanceof SentError ? error.cause : error);

/** The client does not wait any more; a response of HTTP/2 does not say so itself. */
export const hasLeft = ({ req, res }: Pick<Exchange, 'req' | 'res'>): boolean =>
  'stream' in req ? req.stream.closed || req.stream.destroyed : res.destroyed;

/** HTTP/2 need not tell a body's length, and says in the head whether there is one. */
export function hasBody(req: ClientRequestSide): boolean {
  const { headers } = req;
  if (headers['transfer-encoding'] !== undefined) return true;
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0';
  return 'stream' in req && !req.stream.endAfterHeaders;
}

/** Asked at its end, which node:http2 tells of a stream that was reset as well. */
export const endedWhole = (req: ClientRequestSide): boolean => !('stream' in req && req.stream.closed);

/**
 * How a backend of HTTP/1 is told where a body ends. Left to itself node:http sends a body that has no length without
 * any end where its method should have none, so that the backend took it for the next request.
 */
export function framing(req: ClientRequestSide, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return hasBody(req) && headers['content-length'] === undefined ? { 'transfer-encoding': 'chunked' } : {};
}

/** Sends the body; resolves with the answer's head, or with the status for a body that is too large. */
function converse(
  request: ClientRequest,
  exchange: Exchange,
  { bodyLimitBytes }: ForwardPlan,
): Promise<IncomingMessage | number> {
  const { req, res, expectsContinue } = exchange;
  return new Promise((resolve, reject) => {
    const abandon = () => void request.destroy();
    const settle = () => {
      res.off('close', abandon);
      request.off('close', closed);
    };
    // Such as by an answer that changes the protocol, which nobody has asked for.
    const closed = () => {
      settle();
      reject(new SentError('the backend did not answer', { cause: new Error('it closed') }));
    };
    request.once('response', (response) => {
      settle();
      resolve(response);
    });
    request.on('error', (error) => {
      settle();
      reject(new SentError('the backend did not answer', { cause: error }));
    });
    request.once('close', closed);
    res.once('close', abandon);
    if (hasLeft(exchange)) return abandon();
    if (!hasBody(req)) return void request.end();
    if (expectsContinue) res.writeContinue();
    sendBody(req, request, bodyLimitBytes, () => {
      settle();
      resolve(413);
      request.destroy();
    });
  });
}

function sendBody(
  req: ClientRequestSide,
  request: ClientRequest,
  limitBytes: number,
  onTooLarge: () => void,
): void {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (limitBytes === 0 || bytes <= limitBytes) return;
    req.unpipe(request);
    onTooLarge();
  });
  // Without its end a body is not whole: the backend must not take it for one.
  req.once('end', () => (endedWhole(req) ? request.end() : request.destroy()));
  req.once('close', () => {
    if (!req.readableEnded) request.destroy();
  });
  req.pipe(request, { end: false });
}

function sendBack(response: IncomingMessage, exchange: Exchange, setCookie: string | undefined): void {
  const { res } = exchange;
  const headers = toClient(response.headers);
  if (setCookie) headers['set-cookie'] = [...(response.headers['set-cookie'] ?? []), setCookie];
  if (hasLeft(exchange) || res.headersSent) return void response.destroy();
  res.writeHead(response.statusCode ?? 502, headers);
  // A broken answer breaks the client's connection, so that it is not taken for a whole one.
  pipeline(response, res, () => undefined);
}
