// Follows one request for the audit log, from its first line to the end of its answer, also when it is refused or
// leaves HTTP for a stream.
import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { RequestLine } from '../auth/access-control.ts';
import { attributesOf } from '../auth/attributes.ts';
import type { AuditSink } from '../auth/audit-log.ts';
import type { User } from './api-request.ts';

/** Told who it turns out to be, as far as it is found out. */
export interface FollowedRequest {
  askedBy(user: User | undefined): void;
  actingAs(user: User | undefined): void;
}

export class RequestAudit {
  readonly #sink: AuditSink;
  readonly #clock: Clock;

  constructor(sink: AuditSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  follow(incoming: IncomingMessage, response: ServerResponse, line: RequestLine): FollowedRequest {
    return this.followUntil(response, () => response.statusCode, incoming, line);
  }

  /** `over` says `close` when all is said; `codeOf` is asked then, for what the client was answered. */
  followUntil(
    over: EventEmitter,
    codeOf: () => number,
    incoming: IncomingMessage,
    line: RequestLine,
  ): FollowedRequest {
    const receivedMs = this.#clock.now();
    let user: User | undefined;
    let impersonated: User | undefined;
    // Read now: a socket that has closed knows it no more.
    const sourceIp = incoming.socket.remoteAddress ?? '';
    over.once('close', () =>
      this.#sink.record({
        id: randomUUID(),
        attributes: attributesOf(line),
        path: line.path,
        user,
        impersonated,
        sourceIp,
        userAgent: incoming.headers['user-agent'] ?? '',
        code: codeOf(),
        receivedMs,
        answeredMs: this.#clock.now(),
      }),
    );
    return {
      askedBy: (asked) => {
        user = asked;
      },
      actingAs: (acting) => {
        if (acting !== user) impersonated = acting;
      },
    };
  }
}
