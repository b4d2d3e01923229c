// The word that lets a board in: `EDGE1.<CA fingerprint>.<id>.<secret>`. The fingerprint tells the board which
// master is the right one before anything secret is sent.
import { randomBytes } from 'node:crypto';
import { PkiError } from './pki-error.ts';

const FORM = /^EDGE1\.([0-9a-f]{64})\.([0-9a-z]{6,32})\.([0-9a-z]{16,64})$/;

export interface JoinToken {
  /** SHA-256 of the authority's certificate, 64 hex digits. */
  fingerprint: string;
  /** Names the token; not secret. */
  id: string;
  secret: string;
}

export function newJoinToken(fingerprint: string): JoinToken {
  return { fingerprint, id: randomBytes(4).toString('hex'), secret: randomBytes(16).toString('hex') };
}

export function formatJoinToken({ fingerprint, id, secret }: JoinToken): string {
  return `EDGE1.${fingerprint}.${id}.${secret}`;
}

/** Surrounding white space is forgiven. Throws a PkiError that does not repeat the secret. */
export function parseJoinToken(text: string): JoinToken {
  const [, fingerprint, id, secret] = FORM.exec(text.trim()) ?? [];
  if (!fingerprint || !id || !secret)
    throw new PkiError(
      'the join token is not complete: it looks like EDGE1.<64 hex digits>.<id>.<secret>; copy it whole from "edgectl token create"',
    );
  return { fingerprint, id, secret };
}
