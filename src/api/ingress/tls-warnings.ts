// What is wrong with the certificates that an Ingress names, in words for its Events: Secrets that boards cannot show,
// and certificates that clients refuse. Pure.
import { X509Certificate } from 'node:crypto';
import { type Ingress, keyOf, type networking, type Secret } from '../objects.ts';
import { backendSecretsOf } from './backend-tls.ts';
import { ingressOptions, isTls } from './ingress-options.ts';
import type { IngressWarning } from './ingress-problems.ts';
import { backendSecretProblem, readKeyPair } from './tls-secret.ts';

export interface TlsFindings {
  warnings: IngressWarning[];
  /** When time alone changes them, in ms since 1970; `undefined` = never. */
  changesAtMs: number | undefined;
}

interface Shown {
  /** Such as `certificate of Secret default/site`. */
  what: string;
  certificate: X509Certificate;
  /** The names that clients ask for it by; a wildcard with its `*`. */
  hosts: readonly string[];
}

export function tlsFindings(
  ingress: Ingress,
  secret: (key: string) => Secret | undefined,
  nowMs: number,
): TlsFindings {
  const entries = (ingress.spec.tls ?? []).filter(({ secretName }) => secretName);
  const read = entries.map((entry) => readEntry(ingress, entry, secret));
  const shown = read.filter((entry) => 'certificate' in entry);
  const unusable = read.filter((entry) => 'message' in entry);
  const turns = shown
    .flatMap(({ certificate: { validFrom, validTo } }) => [Date.parse(validFrom), Date.parse(validTo) + 1])
    .filter((atMs) => atMs > nowMs);
  return {
    warnings: once([
      ...unusable,
      ...shown.flatMap((entry) => refusals(entry, nowMs)),
      ...backendWarnings(ingress, secret),
    ]),
    changesAtMs: turns.length > 0 ? Math.min(...turns) : undefined,
  };
}

function readEntry(
  ingress: Ingress,
  { secretName, hosts }: networking.IngressTLS,
  secret: (key: string) => Secret | undefined,
): IngressWarning | Shown {
  const key = `${ingress.metadata.namespace}/${secretName}`;
  const instead = 'the default certificate is shown';
  const found = secret(key);
  if (!found) return { reason: 'TLSSecretNotFound', message: `Secret ${key} is not there: ${instead}` };
  const pair = readKeyPair(found);
  if ('problem' in pair) {
    return { reason: 'InvalidTLSSecret', message: `Secret ${keyOf(found)} ${pair.problem}: ${instead}` };
  }
  // An entry without hosts is for those of the rules.
  const ofRules = (ingress.spec.rules ?? []).flatMap(({ host }) => host || []);
  const certificate = new X509Certificate(pair.certificatePem);
  return { what: `certificate of Secret ${key}`, certificate, hosts: hosts?.length ? hosts : ofRules };
}

/** It is shown all the same: a client that looks at nothing is served. */
function refusals({ what, certificate, hosts }: Shown, nowMs: number): IngressWarning[] {
  const { validFrom, validTo, subjectAltName } = certificate;
  const isOver = Date.parse(validTo) < nowMs;
  const isEarly = Date.parse(validFrom) > nowMs;
  const names = subjectAltName ? `it names ${subjectAltName}` : 'it has no subject alternative names';
  // As browsers and Go have it: the subject's common name counts for nothing.
  const unnamed = [...new Set(hosts)].filter((host) => !certificate.checkHost(host, { subject: 'never' }));
  return [
    ...(isOver ? [{ reason: 'CertificateExpired', message: `${what} is over since ${validTo}` }] : []),
    ...(isEarly
      ? [{ reason: 'CertificateNotYetValid', message: `${what} is valid from ${validFrom} on` }]
      : []),
    ...unnamed.map((host) => ({
      reason: 'CertificateNameMismatch',
      message: `${what} is not for host ${host}: ${names}`,
    })),
  ].map(({ reason, message }) => ({ reason, message: `${message}; clients refuse it` }));
}

function backendWarnings(
  { metadata: { annotations, namespace } }: Ingress,
  secret: (key: string) => Secret | undefined,
): IngressWarning[] {
  const { backendProtocol, backendTls } = ingressOptions(annotations, namespace).options;
  if (!isTls(backendProtocol)) return [];
  return backendSecretsOf(annotations, namespace).flatMap((key) => {
    const found = secret(key);
    const problem = found ? backendSecretProblem(found, backendTls) : 'is not there';
    const reason = found ? 'InvalidTLSSecret' : 'TLSSecretNotFound';
    return problem ? { reason, message: `Secret ${key} ${problem}: no request is sent to pods` } : [];
  });
}

/** Two entries may name one Secret. */
const once = (warnings: readonly IngressWarning[]): IngressWarning[] => [
  ...new Map(warnings.map((warning) => [warning.message, warning])).values(),
];
