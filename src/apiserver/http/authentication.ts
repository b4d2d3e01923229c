// Who a client is: the subject of a certificate that this cluster's CA signed. Nothing else counts, least of all
// the address it comes from.
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { User } from './api-request.ts';

/** Reading a certificate costs more than a small request: once a connection is enough. */
export class Authenticator {
  readonly #users = new WeakMap<Socket, { user: User | undefined }>();

  /** `undefined` for no certificate, or one of another CA or out of date. */
  userOf(socket: Socket): User | undefined {
    const known = this.#users.get(socket);
    if (known) return known.user;
    const user = readUser(socket);
    this.#users.set(socket, { user });
    return user;
  }
}

function readUser(socket: Socket): User | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // A request may be read after its connection ended: then there is nothing left to ask.
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined;
  const name = subject?.CN;
  if (typeof name !== 'string' || name === '') return undefined;
  const organisations = subject?.O ?? [];
  return { name, groups: Array.isArray(organisations) ? organisations : [organisations] };
}
