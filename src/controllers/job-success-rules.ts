// Which rule of a Job's successPolicy is met by the indexes that have succeeded: the first that is, in upstream's words.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy
import type { batch } from '../api/objects.ts';
import { indexRanges } from './job-indexes.ts';

export function metSuccessRule(
  { successPolicy, completions = 0 }: batch.JobSpec,
  succeeded: ReadonlySet<number>,
): string | undefined {
  if (succeeded.size === 0) return undefined;
  const rules = successPolicy?.rules ?? [];
  const index = rules.findIndex((rule) => isMet(rule, completions, succeeded));
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

function isMet(
  { succeededIndexes, succeededCount }: batch.SuccessPolicyRule,
  completions: number,
  succeeded: ReadonlySet<number>,
): boolean {
  if (succeededIndexes === undefined) return succeeded.size >= (succeededCount ?? Number.POSITIVE_INFINITY);
  const ranges = indexRanges(succeededIndexes, completions);
  const named = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (named === 0) return false;
  const isNamed = (index: number) => ranges.some(([first, last]) => first <= index && index <= last);
  const found = [...succeeded].filter(isNamed).length;
  return found === named || (succeededCount !== undefined && found >= succeededCount);
}
