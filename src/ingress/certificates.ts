// The certificate for each name that a client asks for by SNI: that of the host's Secret, else our own. A Secret
// that changes counts from the next connection on.
import { createSecureContext, type SecureContext } from 'node:tls';
import { type KeyPair, readKeyPair } from '../api/ingress/tls-secret.ts';
import { keyOf, type Secret } from '../api/objects.ts';
import type { Logger } from '../base/logger.ts';
import { type RouteTable, tlsSecretOf } from './route-table.ts';

export type SecretLookup = (key: string) => Secret | undefined;

/** As upstream: an older protocol is nobody's wish. */
export const MIN_TLS_VERSION = 'TLSv1.2';

export class Certificates {
  readonly #logger: Logger;
  readonly #fallback: SecureContext;
  /** By Secret; a Secret that changed is another object. */
  #contexts = new WeakMap<Secret, SecureContext>();

  constructor(fallback: KeyPair, logger: Logger) {
    this.#logger = logger;
    this.#fallback = createSecureContext({ key: fallback.keyPem, cert: fallback.certificatePem });
  }

  /** `name` as the client says it; empty when it says none. */
  contextFor(table: RouteTable, secret: SecretLookup, name: string): SecureContext {
    const key = tlsSecretOf(table, name.toLowerCase());
    const found = key === undefined ? undefined : secret(key);
    if (!found) return this.#fallback;
    const known = this.#contexts.get(found) ?? this.#read(found);
    this.#contexts.set(found, known);
    return known;
  }

  /** The master tells people of it, in an Event of the Ingress. */
  #read(secret: Secret): SecureContext {
    const pair = readKeyPair(secret);
    if ('problem' in pair) {
      this.#logger.warn({ secret: keyOf(secret) }, `${pair.problem}: the default certificate is shown`);
      return this.#fallback;
    }
    return createSecureContext({ key: pair.keyPem, cert: pair.certificatePem, minVersion: MIN_TLS_VERSION });
  }
}
