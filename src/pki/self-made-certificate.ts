// A certificate that nobody signed but itself: for names that have none of their own, so that HTTPS answers at
// all. Browsers warn of it, as they should. Kept in a file, so that a restart shows the same one.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { readIdentity, type TlsIdentity, writeIdentity } from './identity-file.ts';
import { PkiError } from './pki-error.ts';
import { KEY_ALGORITHM, loadX509, makeKeyPair, toKeyPem } from './x509.ts';

/** Before any board's clock, which may stand years back until it is set. */
const VALID_FROM = new Date('2020-01-01T00:00:00Z');
const LIFETIME_MS = 10 * 365 * 24 * 3_600_000;

/** A damaged one, or one that is over, is made again. */
export async function ensureSelfMadeCertificate(
  path: string,
  dnsName: string,
  clock: Clock,
): Promise<TlsIdentity> {
  const kept = await readKept(path);
  if (kept && Date.parse(new X509Certificate(kept.certificatePem).validTo) > clock.now()) return kept;
  const identity = await makeSelfMadeCertificate([dnsName], clock);
  await writeIdentity(path, identity);
  return identity;
}

export async function makeSelfMadeCertificate(
  dnsNames: readonly [string, ...string[]],
  clock: Clock,
): Promise<TlsIdentity> {
  const x509 = await loadX509();
  const keys = await makeKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [dnsNames[0]] }],
    notBefore: VALID_FROM,
    notAfter: new Date(clock.now() + LIFETIME_MS),
    signingAlgorithm: KEY_ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
    ],
  });
  const certificatePem = `${certificate.toString('pem')}\n`;
  return { keyPem: await toKeyPem(x509, keys.privateKey), certificatePem };
}

async function readKept(path: string): Promise<TlsIdentity | undefined> {
  try {
    return await readIdentity(path, 'It will be made again');
  } catch (error) {
    if (error instanceof PkiError && error.cause === undefined) return undefined;
    throw error;
  }
}
