// Requests for certificates (PKCS #10) that others made: what they ask for, and their signing. Whether they get it is
// not decided here.
import type { CertificateAuthority } from './certificate-authority.ts';
import { PkiError } from './pki-error.ts';
import { loadX509, type X509 } from './x509.ts';

export interface RequestedIdentity {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
  /** E-mail addresses, URIs and whatever else it wants to be called. */
  otherNames: readonly string[];
}

/** @throws PkiError for what cannot be read or is not signed with its own key. */
export async function readRequest(x509: X509, requestPem: string) {
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    // The request is signed with the key it asks for: nobody gets a certificate for a key that is not theirs.
    if (await request.verify()) return request;
  } catch (error) {
    throw new PkiError('the certificate request cannot be read: send a PKCS #10 request in PEM', error);
  }
  throw new PkiError('the certificate request is not signed with its own key: make it again');
}

/** @throws PkiError */
export async function requestedIdentity(requestPem: string): Promise<RequestedIdentity> {
  const x509 = await loadX509();
  return identityOf(x509, await readRequest(x509, requestPem));
}

/** A certificate (PEM) for all that the request names. @throws PkiError */
export async function signRequest(
  authority: CertificateAuthority,
  requestPem: string,
  options: { usage: 'server' | 'client'; lifetimeMs: number },
): Promise<string> {
  const x509 = await loadX509();
  const request = await readRequest(x509, requestPem);
  const { commonName, organizations, dnsNames, ipAddresses } = identityOf(x509, request);
  const named = { commonName, organization: organizations, dnsNames, ipAddresses };
  return authority.sign(x509, { ...named, ...options }, request.publicKey);
}

/** RFC 5280, 4.2.1.6 */
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';

function identityOf(x509: X509, request: InstanceType<X509['Pkcs10CertificateRequest']>): RequestedIdentity {
  const extension = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
  const names = extension instanceof x509.SubjectAlternativeNameExtension ? extension.names.items : [];
  const valuesOf = (type: string) => names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: valuesOf('dns'),
    ipAddresses: valuesOf('ip'),
    otherNames: names.filter(({ type }) => type !== 'dns' && type !== 'ip').map(({ value }) => value),
  };
}
