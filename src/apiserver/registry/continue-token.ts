// The opaque `continue` token of a paged list: which revision the pages show and where the next one begins.
import { badRequest } from '../../api/status-error.ts';

export interface ContinueToken {
  /** `undefined` = that of the page which it asks for: it goes on where other pages ended too early. */
  revision: number | undefined;
  /** Store key of the last object that was given out. */
  afterKey: string;
  /** When the first page was given out, in milliseconds since the epoch. */
  begunMs: number;
}

/** As long as upstream's compaction leaves a revision readable: clients rely on an end as much as on the time. */
const LIFE_MS = 5 * 60_000;

/** As upstream's tokens have it. */
const NEWEST = -1;

/** A clock that was set back makes no token older. */
export const isOutlived = ({ begunMs }: ContinueToken, nowMs: number): boolean => nowMs - begunMs > LIFE_MS;

export function encodeContinue({ revision, afterKey, begunMs }: ContinueToken): string {
  const fields = { v: 2, rv: revision ?? NEWEST, after: afterKey, begun: begunMs };
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

/** @throws StatusError BadRequest when the token is not one of ours. */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, after, begun } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (v === 2 && Number.isSafeInteger(rv) && typeof after === 'string' && Number.isFinite(begun))
      return { revision: rv === NEWEST ? undefined : rv, afterKey: after, begunMs: begun };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest('continue key is not valid: start the list again without it');
}
