// Requests and limits: names, amounts, and requests within limits.
// Source: pkg/apis/core/validation ValidateContainerResourceRequirements
import { invalidEach, invalidValue } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { core } from '../objects.ts';
import { compareQuantities, QUANTITY_RULE, tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

const STANDARD = ['cpu', 'memory', 'ephemeral-storage'];

type Amounts = Readonly<Record<string, string>>;

/** One quantity that may not be negative: resources, size limits, capacities. */
export function validateQuantity(text: string | number, field: string): FieldError[] {
  const quantity = tryParseQuantity(text);
  if (!quantity) return [invalidValue(field, text, QUANTITY_RULE)];
  return quantity.nanos < 0n ? [invalidValue(field, text, 'must be greater than or equal to 0')] : [];
}

const isExtended = (name: string) => name.includes('/');

function validateName(name: string, field: string): FieldError[] {
  const problems = qualifiedNameProblems(name);
  if (problems.length > 0) return invalidEach(field, name, problems);
  if (isExtended(name) || STANDARD.includes(name) || name.startsWith('hugepages-')) return [];
  return [invalidValue(field, name, 'must be a standard resource for containers')];
}

function validateWhole(name: string, text: string, field: string): FieldError[] {
  const quantity = tryParseQuantity(text);
  if (!isExtended(name) || !quantity || quantity.nanos % 10n ** 9n === 0n) return [];
  return [invalidValue(field, text, 'must be an integer')];
}

function validateAmounts(amounts: Amounts | undefined, field: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, text]) => [
    ...validateName(name, `${field}[${name}]`),
    ...validateQuantity(text, `${field}[${name}]`),
    ...validateWhole(name, text, `${field}[${name}]`),
  ]);
}

function validateWithinLimits(requests: Amounts, limits: Amounts, field: string): FieldError[] {
  return Object.entries(requests).flatMap(([name, text]) => {
    const request = tryParseQuantity(text);
    const limit = limits[name] === undefined ? undefined : tryParseQuantity(limits[name]);
    if (!request || !limit) return [];
    const order = compareQuantities(request, limit);
    if (isExtended(name) && order !== 0) {
      return [invalidValue(field, text, `must be equal to ${name} limit of ${limits[name]}`)];
    }
    return order > 0
      ? [invalidValue(field, text, `must be less than or equal to ${name} limit of ${limits[name]}`)]
      : [];
  });
}

export function validateResources(
  resources: core.ResourceRequirements | undefined,
  field: string,
): FieldError[] {
  const { requests = {}, limits = {} } = resources ?? {};
  return [
    ...validateAmounts(limits, `${field}.limits`),
    ...validateAmounts(requests, `${field}.requests`),
    ...validateWithinLimits(requests, limits, `${field}.requests`),
  ];
}
