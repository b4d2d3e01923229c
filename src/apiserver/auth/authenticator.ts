// Who a client is: by the subject of a certificate that this cluster's CA signed, by a token, or by name and
// password where the administrator keeps such a file. The address it comes from counts for nothing.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { unauthorized } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import { API_AUDIENCES, type ServiceAccountTokens, type VerifiedToken } from './service-account-tokens.ts';
import type { StaticCredentials } from './static-credentials.ts';

export const AUTHENTICATED_GROUP = 'system:authenticated';
/** How browsers, which cannot set headers on a WebSocket, send a token. */
const TOKEN_SUBPROTOCOL = 'base64url.bearer.authorization.k8s.io.';

export class Authenticator {
  readonly #tokens: ServiceAccountTokens;
  readonly #credentials: StaticCredentials;
  /** Reading a certificate costs more than a small request: once a connection is enough. */
  readonly #certified = new WeakMap<Socket, { user: User | undefined }>();

  constructor(tokens: ServiceAccountTokens, credentials: StaticCredentials) {
    this.#tokens = tokens;
    this.#credentials = credentials;
  }

  /**
   * `undefined` for a client that shows nothing that could name it.
   * @throws StatusError Unauthorized for a token or password that is not good.
   */
  userOf(incoming: IncomingMessage): User | undefined {
    const certified = this.#byCertificate(incoming.socket);
    if (certified) return certified;
    const [scheme = '', value = ''] = (incoming.headers.authorization ?? '').trim().split(/\s+/);
    if (scheme.toLowerCase() === 'basic') return this.#byPassword(value) ?? refuse();
    const token = scheme.toLowerCase() === 'bearer' ? value : subprotocolToken(incoming);
    if (!token) return undefined;
    return this.byToken(token, API_AUDIENCES)?.user ?? refuse();
  }

  /** `undefined` for a token that names nobody to any of `audiences`. */
  byToken(token: string, audiences: readonly string[]): VerifiedToken | undefined {
    const user = this.#credentials.byToken(token);
    // A token from the file is for this server alone.
    const own = API_AUDIENCES.filter((audience) => audiences.includes(audience));
    if (user) return own.length > 0 ? { user, audiences: own } : undefined;
    return this.#tokens.verify(token, audiences);
  }

  #byCertificate(socket: Socket): User | undefined {
    const known = this.#certified.get(socket);
    if (known) return known.user;
    const user = readCertificate(socket);
    this.#certified.set(socket, { user });
    return user;
  }

  #byPassword(value: string): User | undefined {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0 ? undefined : this.#credentials.byPassword(text.slice(0, colon), text.slice(colon + 1));
  }
}

function refuse(): never {
  throw unauthorized();
}

function subprotocolToken({ headers }: IncomingMessage): string | undefined {
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const encoded = protocols.find((name) => name.startsWith(TOKEN_SUBPROTOCOL));
  return encoded && Buffer.from(encoded.slice(TOKEN_SUBPROTOCOL.length), 'base64url').toString('utf8');
}

function readCertificate(socket: Socket): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // A request may be read after its connection ended: then there is nothing left to ask.
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined;
  const name = subject?.CN;
  if (typeof name !== 'string' || name === '') return undefined;
  const organisations = subject?.O ?? [];
  const groups = Array.isArray(organisations) ? organisations : [organisations];
  return { name, groups: [...groups, AUTHENTICATED_GROUP] };
}
