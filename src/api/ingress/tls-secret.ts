// Whether boards can show the certificate of a Secret, and whether clients would take it. Pure; the keys of a Secret
// are those of type kubernetes.io/tls, in a Secret of any type, as ingress-nginx reads them.
// https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Secret } from '../objects.ts';
import { type BackendTls, readBackendSecret } from './backend-tls.ts';

export interface KeyPair {
  keyPem: string;
  certificatePem: string;
}

/** `problem` goes on from the Secret's name: "Secret a/b …". */
export type ReadKeyPair = KeyPair | { problem: string };

export function readKeyPair({ data = {}, type = 'Opaque' }: Pick<Secret, 'data' | 'type'>): ReadKeyPair {
  const absent = ['tls.crt', 'tls.key'].filter((name) => !data[name]);
  if (absent.length > 0) return { problem: `of type ${type} has no ${absent.join(' and no ')}` };
  const pem = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString();
  const pair = { certificatePem: pem('tls.crt'), keyPem: pem('tls.key') };
  const problem = problemOf(pair);
  return problem === undefined ? pair : { problem };
}

/** Of one that pods are judged by, whose key pair they are shown where it has one. */
export function backendSecretProblem(
  secret: Pick<Secret, 'data' | 'type'>,
  wanted: BackendTls,
): string | undefined {
  const read = readBackendSecret(secret, wanted);
  if ('problem' in read) return read.problem;
  const { ca } = read;
  if (ca && 'failure' in attempt(() => new X509Certificate(ca))) return 'has no certificate in PEM as ca.crt';
  return read.keyPair && problemOf({ certificatePem: read.keyPair.cert, keyPem: read.keyPair.key });
}

/** The last word has what servers are made with: it also reads the rest of the chain, and has its own least strength. */
function problemOf({ certificatePem, keyPem }: KeyPair): string | undefined {
  const certificate = attempt(() => new X509Certificate(certificatePem));
  if ('failure' in certificate) return `has no certificate in PEM as tls.crt (${certificate.failure})`;
  if (/ENCRYPTED/.test(keyPem)) return 'has a tls.key that a passphrase is needed for';
  const key = attempt(() => createPrivateKey(keyPem));
  if ('failure' in key) return `has no private key in PEM as tls.key (${key.failure})`;
  if (!certificate.made.checkPrivateKey(key.made)) return 'has a tls.key that is not that of its tls.crt';
  const context = attempt(() => createSecureContext({ cert: certificatePem, key: keyPem }));
  return 'failure' in context ? `cannot be used for TLS (${context.failure})` : undefined;
}

function attempt<T>(make: () => T): { made: T } | { failure: string } {
  try {
    return { made: make() };
  } catch (error) {
    return { failure: reasonOf(error) };
  }
}

/** OpenSSL's own words, without the numbers around them. */
function reasonOf(error: unknown): string {
  const { reason, message } = (error ?? {}) as { reason?: string; message?: string };
  return reason ?? message ?? String(error);
}
