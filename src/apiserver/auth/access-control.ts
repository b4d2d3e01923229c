// The gate before every request: who it is, whom it acts as, and whether that one may. Without a name only
// health, version, the CA and joining answer.
import type { IncomingMessage } from 'node:http';
import { methodNotAllowed, unauthorized } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import { attributesOf } from './attributes.ts';
import type { Authenticator } from './authenticator.ts';
import type { Authorizer } from './authorizer.ts';
import { actingUser } from './impersonation.ts';

const PUBLIC_GETS = /^\/(version|healthz|livez|readyz)(\/|$)|^\/edge\/v1\/ca$/;
const PUBLIC_JOIN = '/edge/v1/join';

export interface RequestLine {
  method: string;
  path: string;
  segments: readonly string[];
  query: URLSearchParams;
}

export class AccessControl {
  readonly #authenticator: Authenticator;
  readonly #authorizer: Authorizer;

  constructor(authenticator: Authenticator, authorizer: Authorizer) {
    this.#authenticator = authenticator;
    this.#authorizer = authorizer;
  }

  /**
   * Who asks. A bad token must not keep a client from what everybody may see, such as the way to join again.
   * @throws StatusError Unauthorized
   */
  identify(incoming: IncomingMessage, { method, path }: RequestLine): User | undefined {
    if (!isPublic(method, path)) return this.#authenticator.userOf(incoming) ?? refuse();
    return incoming.headers.authorization === undefined ? this.#authenticator.userOf(incoming) : undefined;
  }

  /** Whom `user` acts as: itself unless it asks for another. @throws StatusError Forbidden */
  actingUser(user: User | undefined, incoming: IncomingMessage): User | undefined {
    return user && actingUser(user, incoming, this.#authorizer);
  }

  /** @throws StatusError Forbidden; Unauthorized for what nobody without a name may do. */
  authorize(user: User | undefined, line: RequestLine): void {
    if (isPublic(line.method, line.path)) return;
    this.#authorizer.require(user ?? refuse(), attributesOf(line));
  }
}

function refuse(): never {
  throw unauthorized();
}

function isPublic(method: string, path: string): boolean {
  if (path === PUBLIC_JOIN) {
    if (method !== 'POST') throw methodNotAllowed('joining is a POST');
    return true;
  }
  return (method === 'GET' || method === 'HEAD') && PUBLIC_GETS.test(path);
}
