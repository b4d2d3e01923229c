// Which ControllerRevision stands for the present template, and which ones are too old to keep: pure functions.
import type { ControllerRevision } from '../api/objects.ts';
import type { JsonObject } from '../api/schema/json.ts';
import { keepsTemplate } from './template-revision.ts';

interface RevisionDecision {
  /** Keeps the template already; made if there is none. */
  match: ControllerRevision | undefined;
  /** The number that it must have: the newest always has the highest, also after a rollback. */
  number: number;
}

export function decideRevision(own: readonly ControllerRevision[], data: JsonObject): RevisionDecision {
  const newestFirst = [...own].sort((a, b) => numberOf(b) - numberOf(a));
  const match = newestFirst.find((revision) => keepsTemplate(revision, data));
  const highest = newestFirst[0] ? numberOf(newestFirst[0]) : 0;
  const isNewest = match !== undefined && numberOf(match) === highest;
  return { match, number: isNewest ? highest : highest + 1 };
}

/** The oldest of those that nothing runs any more, beyond `limit`. */
export function surplusRevisions(
  own: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
  limit: number,
): ControllerRevision[] {
  const unused = own.filter((revision) => !isLive(revision)).sort((a, b) => numberOf(a) - numberOf(b));
  return unused.slice(0, Math.max(unused.length - limit, 0));
}

const numberOf = ({ revision }: ControllerRevision) => Number(revision ?? 0);
