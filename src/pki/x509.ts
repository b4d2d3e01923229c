// The X.509 library, loaded when the first certificate is made or signed: it costs several megabytes, and a
// cluster that has its certificates needs it only when a board joins.
import { webcrypto } from 'node:crypto';

export type X509 = typeof import('@peculiar/x509');

export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function loadX509(): Promise<X509> {
  // Its dependency injection wants this polyfill to be there first.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

export function makeKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

/** PKCS #8 PEM. */
export async function toKeyPem(x509: X509, key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

export function fromKeyPem(x509: X509, keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(keyPem);
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}
