// Certificates that are not valid now: on a board it is the clock far more often than the certificate's end. Both are
// said.
import { X509Certificate } from 'node:crypto';

/** OpenSSL's, as Node hands them on. */
const TIME_PROBLEMS: ReadonlySet<unknown> = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** Whether a TLS connection failed, directly or as the cause, because of the time. */
export function isCertificateTimeProblem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as NodeJS.ErrnoException;
  return TIME_PROBLEMS.has(code) || (cause !== undefined && isCertificateTimeProblem(cause));
}

/** `subject` such as "the master's certificate": in one line, with what to do. */
export function certificateTimeMessage(subject: string, nowMs: number): string {
  const shown = new Date(nowMs).toISOString();
  return `${subject} is not valid at ${shown}, the time that this machine's clock shows: set the clock if that is wrong`;
}

/** When a certificate of one's own ended; `undefined` while it is valid. */
export function endedAt(certificatePem: string | Buffer, nowMs: number): string | undefined {
  const endMs = Date.parse(new X509Certificate(certificatePem).validTo);
  return endMs < nowMs ? new Date(endMs).toISOString() : undefined;
}
