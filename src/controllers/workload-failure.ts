// What several deletions or creations of pods came to, for the loops that carry them out.
import { StatusError } from '../api/status-error.ts';

/** The first error of `work`, after all of it has ended. */
export async function firstFailure(work: readonly Promise<unknown>[]): Promise<unknown> {
  const results = await Promise.allSettled(work);
  return results.find((result) => result.status === 'rejected')?.reason;
}

/** Nothing is to be made in a namespace that goes; trying again would only make noise. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
}
