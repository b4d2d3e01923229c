// The word that lets a board in: `EDGE1.<CA fingerprint>.<id>.<secret>`. The fingerprint tells the board which
// master is the right one before anything secret is sent. edgectl makes it (cli/token-create.ts).
import { PkiError } from './pki-error.ts';

const FORM = /^EDGE1\.([0-9a-f]{64})\.([0-9a-z]{6,32})\.([0-9a-z]{16,64})$/;

interface JoinToken {
  /** SHA-256 of the authority's certificate, 64 hex digits. */
  fingerprint: string;
  /** Names the token; not secret. */
  id: string;
  secret: string;
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
