// Which indexes of a Job suffice for its success, and the limits of back-off per index.
// Source: pkg/apis/batch/validation validateSuccessPolicy, validateIndexesFormat, validateJobSpec
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy
import { invalidValue, required, tooLong } from '../field-error.ts';
import type { batch } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import type { FieldError } from '../status-error.ts';

const MAX_RULES = 20;
const MAX_INDEXES_BYTES = 64 * 1024;
const MAX_FAILED_INDEXES = 100_000;
/** Of completions: above, the status must not grow with them. */
const MANY_COMPLETIONS = 100_000;
const MOST_BESIDE_MANY = 10_000;

/** `field` is where the job's spec stands. */
export function validateSuccessPolicy(spec: batch.JobSpec, field: string): FieldError[] {
  if (!spec.successPolicy) return [];
  const at = `${field}.successPolicy.rules`;
  const { rules = [] } = spec.successPolicy;
  if (rules.length === 0) {
    return [required(at, 'at least one rules must be specified when the successPolicy is specified')];
  }
  const tooMany =
    rules.length > MAX_RULES ? [invalidValue(at, rules.length, `must have at most ${MAX_RULES} items`)] : [];
  return [...tooMany, ...rules.flatMap((rule, i) => validateRule(rule, spec, `${at}[${i}]`))];
}

function validateRule(
  { succeededIndexes, succeededCount }: batch.SuccessPolicyRule,
  { completions = 0 }: batch.JobSpec,
  field: string,
): FieldError[] {
  if (succeededIndexes === undefined && succeededCount === undefined) {
    return [required(field, 'at least one of succeededCount or succeededIndexes must be specified')];
  }
  const errors = nonNegative(succeededCount, `${field}.succeededCount`);
  const named = succeededIndexes === undefined ? undefined : readIndexes(succeededIndexes, completions);
  const at = `${field}.succeededIndexes`;
  if (succeededIndexes !== undefined && Buffer.byteLength(succeededIndexes) > MAX_INDEXES_BYTES) {
    return [...errors, tooLong(at, MAX_INDEXES_BYTES)];
  }
  if (typeof named === 'string') {
    return [...errors, invalidValue(at, succeededIndexes, `error parsing succeededIndexes: ${named}`)];
  }
  return [...errors, ...validateCount(succeededCount, completions, named, `${field}.succeededCount`)];
}

function validateCount(
  count: number | undefined,
  completions: number,
  named: number | undefined,
  field: string,
): FieldError[] {
  if (count === undefined) return [];
  const over = (most: number, what: string) =>
    count > most ? [invalidValue(field, count, `must be less than or equal to ${most} (${what})`)] : [];
  return [
    ...over(completions, 'the number of specified completions'),
    ...(named === undefined
      ? []
      : over(named, "the number of indexes in the specified 'succeededIndexes' field")),
  ];
}

/** How many indexes `1,3-5` names, or what is wrong with it in upstream's words. */
function readIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let previous = -1;
  for (const fragment of text.split(',')) {
    const parts = fragment.split('-');
    if (parts.length > 2) {
      return `the fragment ${JSON.stringify(fragment)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    }
    for (const part of parts) {
      if (!/^\d+$/.test(part)) {
        return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
      }
      const index = Number(part);
      if (index >= completions) return `too large index: ${JSON.stringify(part)}`;
      if (index <= previous) return `non-increasing order, previous: ${previous}, current: ${index}`;
      previous = index;
    }
    const [first = 0, last = first] = parts.map(Number);
    total += last - first + 1;
  }
  return total;
}

/** Of `backoffLimitPerIndex` and `maxFailedIndexes` beside many completions. */
export function validateIndexLimits(spec: batch.JobSpec, field: string): FieldError[] {
  const { completions = 0, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const at = `${field}.maxFailedIndexes`;
  const errors: FieldError[] = [];
  if (maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    errors.push(invalidValue(at, maxFailedIndexes, 'must be less than or equal to completions'));
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MAX_FAILED_INDEXES) {
    errors.push(invalidValue(at, maxFailedIndexes, `must be less than or equal to ${MAX_FAILED_INDEXES}`));
  }
  if (backoffLimitPerIndex === undefined || completions <= MANY_COMPLETIONS) return errors;
  const beside = `must be less than or equal to ${MOST_BESIDE_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) {
    errors.push(required(at, `must be specified when completions is above ${MANY_COMPLETIONS}`));
  } else if (maxFailedIndexes > MOST_BESIDE_MANY) errors.push(invalidValue(at, maxFailedIndexes, beside));
  if (parallelism > MOST_BESIDE_MANY) {
    errors.push(invalidValue(`${field}.parallelism`, parallelism, beside));
  }
  return errors;
}
