// The opaque `continue` token of a paged list: which revision the pages show and where the next one begins.
import { badRequest } from '../../api/status-error.ts';

export interface ContinueToken {
  revision: number;
  /** Store key of the last object that was given out. */
  afterKey: string;
}

export function encodeContinue({ revision, afterKey }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: revision, after: afterKey })).toString('base64url');
}

/** @throws StatusError BadRequest when the token is not one of ours. */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, after } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (v === 1 && Number.isSafeInteger(rv) && typeof after === 'string')
      return { revision: rv, afterKey: after };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest('continue key is not valid: start the list again without it');
}
