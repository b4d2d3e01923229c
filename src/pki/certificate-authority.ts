// The cluster's own authority: made once, at the first start, and from then on the root of all trust between boards.
// Everything is valid from 2020 on, before any board's clock, which may stand years back until it is set.
import { randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomically } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import { readIdentity, type TlsIdentity, writeIdentity } from './identity-file.ts';
import { fromKeyPem, KEY_ALGORITHM, loadX509, makeKeyPair, toKeyPem, type X509 } from './x509.ts';

const VALID_FROM = new Date('2020-01-01T00:00:00Z');
const AUTHORITY_VALID_UNTIL = new Date('2120-01-01T00:00:00Z');
/** A clock that shows less than this is not set. */
const EARLIEST_NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const LEAF_LIFETIME_MS = 10 * 365 * 24 * 3_600_000;

/** As a key of ours, or as somebody sent it. */
type PublicKey = webcrypto.CryptoKey | InstanceType<X509['PublicKey']>;

export interface LeafRequest {
  /** `CN`, and `O` = the groups that Kubernetes reads from it. */
  commonName: string;
  organization?: string | readonly string[];
  /** A node is a client of the master and a server to other nodes. */
  usage: 'server' | 'client' | 'node';
  /** Ten years unless said. */
  lifetimeMs?: number;
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
}

export class CertificateAuthority {
  readonly #identity: TlsIdentity;
  readonly #clock: Clock;

  constructor(identity: TlsIdentity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  get certificatePem(): string {
    return this.#identity.certificatePem;
  }

  /** SHA-256 of the certificate's DER, 64 hex digits: what a join token carries. */
  get fingerprint(): string {
    return fingerprintOf(this.#identity.certificatePem);
  }

  /** Makes a key and its certificate. */
  async issue(request: LeafRequest): Promise<TlsIdentity> {
    const x509 = await loadX509();
    const keys = await makeKeyPair();
    const certificatePem = await this.sign(x509, request, keys.publicKey);
    return { keyPem: await toKeyPem(x509, keys.privateKey), certificatePem };
  }

  /** PEM of a certificate for somebody else's public key. */
  async sign(x509: X509, request: LeafRequest, publicKey: PublicKey): Promise<string> {
    const issuer = new x509.X509Certificate(this.#identity.certificatePem);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerialNumber(),
      subject: subjectOf(request),
      issuer: issuer.subjectName,
      notBefore: VALID_FROM,
      notAfter: new Date(
        Math.max(this.#clock.now(), EARLIEST_NOW_MS) + (request.lifetimeMs ?? LEAF_LIFETIME_MS),
      ),
      signingAlgorithm: KEY_ALGORITHM,
      publicKey,
      signingKey: await fromKeyPem(x509, this.#identity.keyPem),
      extensions: await leafExtensions(x509, request, issuer, publicKey),
    });
    return `${certificate.toString('pem')}\n`;
  }
}

/** Reads the authority in `directory`, or makes it. `ca.pem` is the secret; `ca.crt` is for handing out. */
export async function openAuthority(directory: string, clock: Clock): Promise<CertificateAuthority> {
  const path = join(directory, 'ca.pem');
  const remedy =
    'Restore it from a backup; when it is removed a new authority is made and every board has to join again';
  let identity = await readIdentity(path, remedy);
  if (!identity) {
    identity = await makeAuthority();
    await writeIdentity(path, identity);
  }
  const copyPath = join(directory, 'ca.crt');
  if ((await readFileIfPresent(copyPath)) !== identity.certificatePem)
    await writeFileAtomically(copyPath, identity.certificatePem, 0o644);
  return new CertificateAuthority(identity, clock);
}

/** SHA-256 of a certificate's DER, 64 hex digits. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
}

async function makeAuthority(): Promise<TlsIdentity> {
  const x509 = await loadX509();
  const keys = await makeKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: `CN=edge-cluster-ca-${randomBytes(4).toString('hex')}`,
    notBefore: VALID_FROM,
    notAfter: AUTHORITY_VALID_UNTIL,
    signingAlgorithm: KEY_ALGORITHM,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    keyPem: await toKeyPem(x509, keys.privateKey),
    certificatePem: `${certificate.toString('pem')}\n`,
  };
}

/** Positive, so that no reader takes it for a negative integer. */
function newSerialNumber(): string {
  return `4${randomBytes(15).toString('hex')}1`;
}

function subjectOf({ commonName, organization }: LeafRequest): Record<string, string[]>[] {
  const organizations = organization === undefined ? [] : [organization].flat();
  return [...organizations.map((name) => ({ O: [name] })), ...(commonName ? [{ CN: [commonName] }] : [])];
}

async function leafExtensions(
  x509: X509,
  request: LeafRequest,
  issuer: InstanceType<X509['X509Certificate']>,
  publicKey: PublicKey,
) {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const usages = { server: [serverAuth], client: [clientAuth], node: [clientAuth, serverAuth] };
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages[request.usage]),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}
