// Certificates that the master keeps beside its authority and makes again by itself when they no longer fit:
// the server's (other names, near its end, other authority, damaged) and the administrator's.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { CertificateAuthority, LeafRequest } from './certificate-authority.ts';
import { readIdentity, type TlsIdentity, writeIdentity } from './identity-file.ts';
import { PkiError } from './pki-error.ts';

const RENEW_BEFORE_END_MS = 90 * 24 * 3_600_000;

export interface ServerNames {
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}

/** For the API and the broker; kept in `server.pem`. */
export function ensureServerCertificate(
  authority: CertificateAuthority,
  directory: string,
  names: ServerNames,
  clock: Clock,
): Promise<TlsIdentity> {
  const request: LeafRequest = { commonName: 'edge-cluster', usage: 'server', ...names };
  return ensure(authority, join(directory, 'server.pem'), request, clock);
}

/** Whose right is a ClusterRoleBinding, which can be taken away; that of `system:masters` cannot. */
export const CLUSTER_ADMINS_GROUP = 'edge-cluster:cluster-admins';

/** User `admin` of the cluster's administrators; kept in `admin.pem`. */
export function ensureAdminCertificate(
  authority: CertificateAuthority,
  directory: string,
  clock: Clock,
): Promise<TlsIdentity> {
  const request: LeafRequest = {
    commonName: 'admin',
    organization: CLUSTER_ADMINS_GROUP,
    usage: 'client',
  };
  return ensure(authority, join(directory, 'admin.pem'), request, clock);
}

async function ensure(
  authority: CertificateAuthority,
  path: string,
  request: LeafRequest,
  clock: Clock,
): Promise<TlsIdentity> {
  const kept = await readKept(path);
  if (kept && fits(kept, authority, request, clock)) return kept;
  const identity = await authority.issue(request);
  await writeIdentity(path, identity);
  return identity;
}

/** A damaged one is no loss: it is made again. One that may not be read is somebody's mistake. */
async function readKept(path: string): Promise<TlsIdentity | undefined> {
  try {
    return await readIdentity(path, 'It will be made again');
  } catch (error) {
    if (error instanceof PkiError && error.cause === undefined) return undefined;
    throw error;
  }
}

function fits(
  kept: TlsIdentity,
  authority: CertificateAuthority,
  request: LeafRequest,
  clock: Clock,
): boolean {
  const certificate = new X509Certificate(kept.certificatePem);
  const issuer = new X509Certificate(authority.certificatePem);
  return (
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    hasGroups(certificate, [request.organization ?? []].flat()) &&
    Date.parse(certificate.validTo) - clock.now() > RENEW_BEFORE_END_MS &&
    hasNames(certificate, [...(request.dnsNames ?? []), ...(request.ipAddresses ?? [])])
  );
}

const hasGroups = (certificate: X509Certificate, groups: readonly string[]): boolean =>
  groups.every((group) => certificate.subject.split('\n').includes(`O=${group}`));

function hasNames(certificate: X509Certificate, wanted: readonly string[]): boolean {
  const held = certificate.subjectAltName?.split(', ').length ?? 0;
  const all = wanted.every((name) =>
    isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' }),
  );
  return all && held === wanted.length;
}
