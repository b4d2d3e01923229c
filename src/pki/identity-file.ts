// A private key and its certificate in one PEM file of mode 0600, so that a power cut cannot leave one of them
// without the other.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileAtomically } from '../base/atomic-file.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import { PkiError } from './pki-error.ts';

/** What a TLS server or client presents; PEM. */
export interface TlsIdentity {
  keyPem: string;
  certificatePem: string;
}

/**
 * `undefined` when there is no such file. Rejects with a PkiError that names the file and `remedy` when it cannot
 * be read or does not hold a key with its certificate.
 */
export async function readIdentity(path: string, remedy: string): Promise<TlsIdentity | undefined> {
  let text: string | undefined;
  try {
    text = await readFileIfPresent(path);
  } catch (error) {
    throw new PkiError(`${path} cannot be read: ${(error as Error).message}. Run as its owner`, error);
  }
  if (text === undefined) return undefined;
  const identity = splitPem(text);
  const wrong = identity ? whatIsWrong(identity) : 'it does not hold a private key and a certificate';
  if (!identity || wrong) throw new PkiError(`${path} is damaged: ${wrong}. ${remedy}`);
  return identity;
}

export async function writeIdentity(path: string, identity: TlsIdentity): Promise<void> {
  await writeFileAtomically(path, identity.keyPem + identity.certificatePem, 0o600);
}

function splitPem(text: string): TlsIdentity | undefined {
  const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(text)?.[0];
  const certificatePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(text)?.[0];
  return keyPem && certificatePem ? { keyPem, certificatePem } : undefined;
}

function whatIsWrong({ keyPem, certificatePem }: TlsIdentity): string | undefined {
  try {
    const matches = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
    return matches ? undefined : 'its private key is not the one of its certificate';
  } catch (error) {
    return (error as Error).message;
  }
}
