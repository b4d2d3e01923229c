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
  const selected = new Set([
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map(({ key }) => key),
  ]);
  return keys.flatMap((key, i) => {
    const at = `${field}.${name}[${i}]`;
    // What is to differ may be selected by, too.
    const isTwice = name === 'matchLabelKeys' && selected.has(key);
    const twice = isTwice ? [invalidValue(at, key, `exists in both ${name} and labelSelector`)] : [];
    return [...invalidEach(at, key, qualifiedNameProblems(key)), ...twice];
  });
}
