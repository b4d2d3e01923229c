// Keys whose values a pod takes over from its own labels into a selector: matchLabelKeys and mismatchLabelKeys.
// Source: pkg/apis/core/validation ValidateMatchLabelKeysInTopologySpread, ValidateMatchLabelKeysAndMismatchLabelKeys
import { forbiddenField, invalidEach, invalidValue } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { meta } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

export interface LabelKeys {
  labelSelector?: meta.LabelSelector | undefined;
  matchLabelKeys?: readonly string[] | undefined;
  mismatchLabelKeys?: readonly string[] | undefined;
}

/** `field` is where the term or constraint stands. */
export function validateLabelKeys(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: LabelKeys,
  field: string,
): FieldError[] {
  const mismatched = new Set(mismatchLabelKeys);
  const twice = keysTwice(labelSelector);
  const both = matchLabelKeys.flatMap((key, i) =>
    mismatched.has(key)
      ? [
          invalidValue(
            `${field}.matchLabelKeys[${i}]`,
            key,
            'exists in both matchLabelKeys and mismatchLabelKeys',
          ),
        ]
      : [],
  );
  return [
    ...validateKeys(matchLabelKeys, labelSelector, field, 'matchLabelKeys'),
    ...validateKeys(mismatchLabelKeys, labelSelector, field, 'mismatchLabelKeys'),
    ...matchLabelKeys.flatMap((key, i) =>
      // Upstream leaves `matchLabelKeys` out of the path.
      twice.has(key)
        ? [invalidValue(`${field}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector')]
        : [],
    ),
    ...both,
  ];
}

function validateKeys(
  keys: readonly string[],
  selector: meta.LabelSelector | undefined,
  field: string,
  name: 'matchLabelKeys' | 'mismatchLabelKeys',
): FieldError[] {
  if (keys.length === 0) return [];
  if (!selector) {
    return [forbiddenField(`${field}.${name}`, 'must not be specified when labelSelector is not set')];
  }
  return keys.flatMap((key, i) => invalidEach(`${field}.${name}[${i}]`, key, qualifiedNameProblems(key)));
}

/**
 * Of a pod that is made the selector has a requirement for each key already: one more for the same key is the user's
 * own. Of a template it has none yet, so that only its pods are refused, as upstream.
 */
function keysTwice(selector: meta.LabelSelector | undefined): ReadonlySet<string> {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  const twice = new Set<string>();
  for (const { key } of selector?.matchExpressions ?? []) {
    if (seen.has(key)) twice.add(key);
    seen.add(key);
  }
  return twice;
}
