// LabelSelector objects: their keys, operators and values.
// Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation ValidateLabelSelector
import { forbiddenField, invalidEach, invalidValue, required } from '../field-error.ts';
import { validateLabels } from '../metadata.ts';
import { labelValueProblems, qualifiedNameProblems } from '../names.ts';
import type { meta } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

function validateValues(
  { operator, values = [] }: meta.LabelSelectorRequirement,
  field: string,
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [
            forbiddenField(
              `${field}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ];
    default:
      return [invalidValue(`${field}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

function validateRequirement(requirement: meta.LabelSelectorRequirement, field: string): FieldError[] {
  const key = requirement.key ?? '';
  return [
    ...validateValues(requirement, field),
    ...invalidEach(`${field}.key`, key, qualifiedNameProblems(key)),
    ...(requirement.values ?? []).flatMap((value, i) =>
      invalidEach(`${field}.values[${i}]`, value, labelValueProblems(value)),
    ),
  ];
}

export function validateLabelSelector(selector: meta.LabelSelector | undefined, field: string): FieldError[] {
  return [
    ...validateLabels(selector?.matchLabels, `${field}.matchLabels`),
    ...(selector?.matchExpressions ?? []).flatMap((requirement, i) =>
      validateRequirement(requirement, `${field}.matchExpressions[${i}]`),
    ),
  ];
}

/** A selector that must be there and may not be empty, as that of a kind that owns what it selects. */
export function validateOwnSelector(
  selector: meta.LabelSelector | undefined,
  owner: string,
  field: string,
): FieldError[] {
  if (!selector) return [required(field)];
  const errors = validateLabelSelector(selector, field);
  const size = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0);
  if (size === 0) errors.push(invalidValue(field, selector, `empty selector is invalid for ${owner}`));
  return errors;
}
