// One request to backends that speak HTTP/2, and the answer of the one that took it. Resets go through both ways: a
// client that cancels takes its request to the pod with it, and what the pod refuses goes to a new connection once,
// then to the next endpoint (RFC 9113, 8.7).
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { Endpoint } from '../backend-endpoints.ts';
import { isTimeout } from '../backend-pool.ts';
import {
  type Exchange,
  type ForwardPlan,
  hasBody,
  hasLeft,
  isIdempotent,
  type Tried,
} from '../forwarding.ts';
import { type Break, relayAnswer, streamOf } from './answer-relay.ts';
import type { BackendSession } from './backend-session.ts';
import type { BackendSessions, OpenStream } from './backend-sessions.ts';
import { requestFields } from './http2-fields.ts';
import { RequestBody } from './request-body.ts';

type Once = { tried: Tried; mayAskAgain: boolean };

export class Http2Exchange {
  readonly #sessions: BackendSessions;
  readonly #exchange: Exchange;
  readonly #plan: ForwardPlan;
  readonly #headers: OutgoingHttpHeaders;
  readonly #body: RequestBody | undefined;
  #expectsContinue: boolean;

  constructor(sessions: BackendSessions, exchange: Exchange, plan: ForwardPlan) {
    const { req, expectsContinue } = exchange;
    this.#sessions = sessions;
    this.#exchange = exchange;
    this.#plan = plan;
    this.#headers = requestFields(plan.request, teOf(req.headers.te));
    this.#body = hasBody(req) ? new RequestBody(req, plan.bodyLimitBytes, this.#headers) : undefined;
    this.#expectsContinue = expectsContinue && this.#body !== undefined;
  }

  async attempt(endpoint: Endpoint): Promise<Tried> {
    const first = await this.#once(endpoint);
    return first.mayAskAgain ? (await this.#once(endpoint)).tried : first.tried;
  }

  async #once(endpoint: Endpoint): Promise<Once> {
    const { tls, connectTimeoutMs } = this.#plan.request;
    const hasBody = this.#body !== undefined;
    const isWanted = () => !hasLeft(this.#exchange);
    const wanted = { tls, connectTimeoutMs, headers: this.#headers, hasBody, isWanted };
    try {
      const opened = await this.#sessions.request(endpoint, wanted);
      return await this.#converse(opened, endpoint);
    } catch (error) {
      return { tried: { status: isTimeout(error) ? 504 : 502, mayTryNext: true }, mayAskAgain: false };
    }
  }

  #converse({ session, stream }: OpenStream, endpoint: Endpoint): Promise<Once> {
    const { req, res } = this.#exchange;
    const { readTimeoutMs } = this.#plan.request;
    let endedWith: number | undefined;
    const end = (status: number) => {
      endedWith = status;
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const abandon = () => stream.close(streamOf(req)?.rstCode || constants.NGHTTP2_CANCEL);
    const whyBroken = () => breakOf(session, stream, endedWith);
    return new Promise((resolve) => {
      let isAnswered = false;
      stream.setTimeout(readTimeoutMs, () => {
        // It may be the connection: others are not to wait on it as well.
        if (!isAnswered) session.retire();
        end(504);
      });
      stream.once('response', (headers, flags) => {
        this.#body?.forget();
        const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        try {
          const head = { headers, isWhole, setCookie: this.#plan.setCookie(endpoint) };
          relayAnswer(stream, head, this.#exchange, whyBroken);
        } catch {
          return end(502);
        }
        isAnswered = true;
        resolve({ tried: 'answered', mayAskAgain: false });
      });
      stream.once('close', () => {
        res.off('close', abandon);
        this.#body?.leave();
        if (isAnswered) this.#exchange.req.resume();
        else resolve(this.#failure(session, stream, whyBroken()));
      });
      res.once('close', abandon);
      this.#send(stream, () => end(413));
    });
  }

  #send(stream: ClientHttp2Stream, onTooLarge: () => void): void {
    if (this.#expectsContinue) this.#exchange.res.writeContinue();
    this.#expectsContinue = false;
    this.#body?.sendTo(stream, onTooLarge);
  }

  #failure(session: BackendSession, stream: ClientHttp2Stream, { status, resetCode }: Break): Once {
    const { req, res } = this.#exchange;
    const isOurs = status !== 502;
    if (!isOurs && session.hasRefused(stream)) {
      const canRepeat = this.#body?.canRepeat ?? true;
      return { tried: { status, mayTryNext: canRepeat }, mayAskAgain: canRepeat };
    }
    const client = streamOf(req);
    if (resetCode !== undefined && client && !res.headersSent) {
      // For the log: a reset has none.
      res.statusCode = status;
      client.close(resetCode);
      return { tried: 'answered', mayAskAgain: false };
    }
    const mayTryNext = !isOurs && !this.#body && isIdempotent(this.#plan.request.method);
    return { tried: { status, mayTryNext }, mayAskAgain: mayTryNext && session.isLost };
  }
}

/** A stream whose connection is gone was not reset by its endpoint. */
function breakOf(
  session: BackendSession,
  { rstCode }: ClientHttp2Stream,
  endedWith: number | undefined,
): Break {
  const isReset = endedWith === undefined && !session.isLost && rstCode !== constants.NGHTTP2_NO_ERROR;
  return { status: endedWith ?? 502, resetCode: isReset ? rstCode : undefined };
}

const teOf = (te: string | string[] | undefined): string | undefined => [te ?? []].flat().join();
