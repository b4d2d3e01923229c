// Serves one request with the routes of this moment: decided first, then answered here or forwarded.
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { BoardService } from '../api/board-service.ts';
import { isHttp2, isTls } from '../api/ingress/ingress-options.ts';
import type { Secret } from '../api/objects.ts';
import { accessLine } from './access-log.ts';
import { answer } from './answer.ts';
import { type Endpoint, endpointsOf } from './backend-endpoints.ts';
import type { BackendPool } from './backend-pool.ts';
import { trustOptions } from './backend-trust.ts';
import { type Balancer, readCookie, stickyOrder, writeCookie } from './balancer.ts';
import { type Decision, decide } from './decision.ts';
import {
  attemptHttp1,
  type ClientRequestSide,
  type Exchange,
  type ForwardPlan,
  forward,
  framing,
  type Outcome,
  type Tried,
} from './forwarding.ts';
import type { Location } from './location.ts';
import { type ClientSide, toBackend } from './proxy-headers.ts';
import { type RequestTarget, readTarget } from './request-target.ts';
import type { RouteTable } from './route-table.ts';
import { forwardUpgrade, refuse } from './upgrade.ts';

export interface HandlerOptions {
  table(): RouteTable;
  service(key: string): BoardService | undefined;
  secret(key: string): Secret | undefined;
  pool: BackendPool;
  balancer: Balancer;
  now(): number;
  /** One line for each request; off unless given. */
  accessLog?: ((line: string) => void) | undefined;
}

/** nginx's own status, for its log alone. */
const CLIENT_LEFT = 499;
/** Of a response that is closed: a status of its own was given to it, sent or not. */
const wasTold = ({ headersSent, statusCode }: Exchange['res']): boolean => headersSent || statusCode !== 200;

interface Routed {
  decision: Decision;
  target: RequestTarget | undefined;
}

type Forwarding = Extract<Decision, { action: 'forward' }>;

interface Upstream extends Pick<ForwardPlan, 'request' | 'setCookie'> {
  endpoints: Endpoint[];
}

export class RequestHandler {
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  async serve(exchange: Exchange, client: ClientSide): Promise<void> {
    const { req, res } = exchange;
    const startMs = this.#options.now();
    // A request that breaks off says so by its end.
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    const { decision, target } = this.#route(req, client);
    const logged: Partial<Outcome> = {};
    if (this.#options.accessLog) {
      const status = () => logged.failure ?? (wasTold(res) ? res.statusCode : CLIENT_LEFT);
      res.once('close', () => this.#log(req, status(), client, startMs, decision, logged.endpoint));
    }
    if (decision.action === 'redirect') return answer(req, res, decision.status, { location: decision.url });
    Object.assign(logged, await this.#serve(decision, exchange, target as RequestTarget, client));
    if (logged.failure !== undefined) answer(req, res, logged.failure);
  }

  async #serve(
    decision: Exclude<Decision, { action: 'redirect' }>,
    exchange: Exchange,
    target: RequestTarget,
    client: ClientSide,
  ): Promise<Partial<Outcome>> {
    if (decision.action === 'answer') return { failure: decision.status };
    // A stream that its client opens and resets in one go goes no further than this.
    if (exchange.req.httpVersionMajor === 2) await setImmediate();
    const upstream = this.#upstream(decision, target, exchange.req, client);
    if (!upstream) return { failure: 503 };
    const attempt = await this.#attempt(exchange, upstream, decision.location);
    return forward(exchange, upstream.endpoints, attempt);
  }

  /** How one endpoint is asked; what speaks HTTP/2 with them is loaded with the first request for it. */
  async #attempt(
    exchange: Exchange,
    { request, setCookie }: Upstream,
    { options: { bodyLimitBytes, backendProtocol } }: Location,
  ): Promise<(endpoint: Endpoint) => Promise<Tried>> {
    const { pool } = this.#options;
    if (isHttp2(backendProtocol)) {
      const { Http2Exchange } = await import('./http2/http2-exchange.ts');
      const http2 = new Http2Exchange(await pool.http2(), exchange, { request, setCookie, bodyLimitBytes });
      return (endpoint) => http2.attempt(endpoint);
    }
    const headers = { ...request.headers, ...framing(exchange.req, request.headers) };
    const plan = { request: { ...request, headers }, setCookie, bodyLimitBytes };
    return (endpoint) => attemptHttp1(pool, exchange, plan, endpoint);
  }

  async upgrade(req: ClientRequestSide, socket: Duplex, head: Buffer, client: ClientSide): Promise<void> {
    socket.on('error', () => undefined);
    const startMs = this.#options.now();
    const { decision, target } = this.#route(req, client);
    const upstream =
      decision.action === 'forward' && this.#upstream(decision, target as RequestTarget, req, client);
    const status = upstream
      ? await forwardUpgrade(this.#options.pool, { socket, head }, upstream.endpoints, upstream.request)
      : decision.action === 'redirect'
        ? refuse(socket, decision.status, { location: decision.url })
        : refuse(socket, decision.action === 'answer' ? decision.status : 503);
    if (this.#options.accessLog) this.#log(req, status, client, startMs, decision, undefined);
  }

  #route(req: ClientRequestSide, { remoteAddress, isTls }: ClientSide): Routed {
    const target = readTarget({
      url: req.url ?? '',
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      httpVersionMajor: req.httpVersionMajor,
    });
    if (!target) return { decision: { action: 'answer', status: 400 }, target };
    const length = req.headers['content-length'];
    const contentLength = length === undefined ? undefined : Number(length);
    const facts = { method: req.method ?? '', isTls, remoteAddress, contentLength };
    return { decision: decide(this.#options.table(), target, facts), target };
  }

  /** `undefined` while nobody is there to answer. */
  #upstream(
    { location, path }: Forwarding,
    target: RequestTarget,
    req: ClientRequestSide,
    client: ClientSide,
  ): Upstream | undefined {
    const { options, backend } = location;
    const known = backend && endpointsOf(this.#options.service(backend.serviceKey), backend);
    if (!backend || !known || known.length === 0) return undefined;
    const needsTls = isTls(options.backendProtocol);
    const tls = needsTls ? trustOptions(options.backendTls, backend, this.#options.secret) : undefined;
    if (needsTls && !tls) return undefined;
    const inTurn = this.#options.balancer.order(`${backend.serviceKey}:${backend.port}`, known);
    const { endpoints, setCookie } = this.#stick(location, inTurn, req, client);
    const request = {
      method: req.method ?? 'GET',
      path,
      headers: toBackend(req.headers, target, client, options),
      tls,
      connectTimeoutMs: options.connectTimeoutMs,
      readTimeoutMs: options.readTimeoutMs,
    };
    return { endpoints, request, setCookie };
  }

  #stick(
    { options: { stickyCookie: sticky }, path, sort }: Location,
    inTurn: Endpoint[],
    req: ClientRequestSide,
    { isTls }: ClientSide,
  ): Omit<Upstream, 'request'> {
    if (!sticky) return { endpoints: inTurn, setCookie: () => undefined };
    const { cookie } = req.headers;
    const { endpoints, isKnown } = stickyOrder(
      inTurn,
      readCookie([cookie ?? []].flat().join('; '), sticky.name),
    );
    const [first] = endpoints;
    const routePath = sort === 'regex' ? '/' : path;
    return {
      endpoints,
      // Who was passed over once stays the client's own, unless told otherwise.
      setCookie: (endpoint) =>
        isKnown && (endpoint === first || !sticky.changeOnFailure)
          ? undefined
          : writeCookie(sticky, endpoint, routePath, isTls),
    };
  }

  #log(
    req: ClientRequestSide,
    status: number,
    { remoteAddress }: ClientSide,
    atMs: number,
    decision: Decision,
    endpoint: Endpoint | undefined,
  ): void {
    const { backend } = decision.action === 'forward' ? decision.location : {};
    const line = accessLine({
      remoteAddress,
      atMs,
      method: req.method ?? '',
      url: req.url ?? '',
      httpVersion: req.httpVersion,
      status,
      headers: req.headers,
      durationMs: this.#options.now() - atMs,
      upstreamName: backend ? `${backend.serviceKey.replace('/', '-')}-${backend.port}` : '',
      upstreamAddress: endpoint ? `${endpoint.ip}:${endpoint.port}` : '',
    });
    this.#options.accessLog?.(line);
  }
}
