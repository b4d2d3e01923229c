// What a LimitRange may say: known resources, and bounds that do not contradict each other.
// Source: pkg/apis/core/validation ValidateLimitRange
import { duplicate, forbiddenField, invalidEach, invalidValue, required } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { core, LimitRange } from '../objects.ts';
import { validateQuantity } from '../pod-spec/validate-resources.ts';
import { compareQuantities, tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const RESOURCES = ['cpu', 'memory', 'ephemeral-storage', 'storage'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
const ONE = 10n ** 9n;

type List = (typeof LISTS)[number];

/** A pair of lists of one item: the first may not be above the second. The error stands at `at`. */
interface Order {
  low: List;
  high: List;
  at: List;
  lowName: string;
  highName: string;
}

const ORDERS: readonly Order[] = [
  { low: 'min', high: 'max', at: 'min', lowName: 'min', highName: 'max' },
  {
    low: 'min',
    high: 'defaultRequest',
    at: 'defaultRequest',
    lowName: 'min',
    highName: 'default request',
  },
  {
    low: 'defaultRequest',
    high: 'max',
    at: 'defaultRequest',
    lowName: 'default request',
    highName: 'max',
  },
  {
    low: 'defaultRequest',
    high: 'default',
    at: 'defaultRequest',
    lowName: 'default request',
    highName: 'default limit',
  },
  { low: 'min', high: 'default', at: 'default', lowName: 'min', highName: 'default' },
  { low: 'default', high: 'max', at: 'default', lowName: 'default', highName: 'max' },
];

function validateType(type: string, field: string): FieldError[] {
  const problems = qualifiedNameProblems(type);
  if (problems.length > 0) return invalidEach(field, type, problems);
  return type.includes('/') || TYPES.includes(type)
    ? []
    : [invalidValue(field, type, 'must be a standard limit type or fully qualified')];
}

function validateName(name: string, field: string): FieldError[] {
  const problems = qualifiedNameProblems(name);
  if (problems.length > 0) return invalidEach(field, name, problems);
  return name.includes('/') || RESOURCES.includes(name) || name.startsWith('hugepages-')
    ? []
    : [invalidValue(field, name, 'must be a standard resource type or fully qualified')];
}

function validateLists(item: core.LimitRangeItem, field: string): FieldError[] {
  return LISTS.flatMap((list) =>
    Object.entries(item[list] ?? {}).flatMap(([name, text]) => [
      ...validateName(name, `${field}.${list}[${name}]`),
      ...validateQuantity(text, `${field}.${list}[${name}]`),
    ]),
  );
}

function validateOrder(item: core.LimitRangeItem, order: Order, field: string): FieldError[] {
  const { low, high, at, lowName, highName } = order;
  return Object.keys(item[at] ?? {}).flatMap((name) => {
    const [lowText, highText] = [item[low]?.[name], item[high]?.[name]];
    const lowest = lowText === undefined ? undefined : tryParseQuantity(lowText);
    const highest = highText === undefined ? undefined : tryParseQuantity(highText);
    if (!lowest || !highest || compareQuantities(lowest, highest) <= 0) return [];
    const why = `${lowName} value ${lowText} is greater than ${highName} value ${highText}`;
    return [invalidValue(`${field}.${at}[${name}]`, item[at]?.[name], why)];
  });
}

function validateRatios(item: core.LimitRangeItem, field: string): FieldError[] {
  return Object.entries(item.maxLimitRequestRatio ?? {}).flatMap(([name, text]) => {
    const at = `${field}.maxLimitRequestRatio[${name}]`;
    const ratio = tryParseQuantity(text);
    if (!ratio) return [];
    const errors = ratio.nanos < ONE ? [invalidValue(at, text, `ratio ${text} is less than 1`)] : [];
    const min = tryParseQuantity(item.min?.[name] ?? '');
    const max = tryParseQuantity(item.max?.[name] ?? '');
    if (min && max && min.nanos > 0n && ratio.nanos * min.nanos > max.nanos * ONE) {
      const bound = (Number(max.nanos) / Number(min.nanos)).toFixed(6);
      errors.push(invalidValue(at, text, `ratio ${text} is greater than max/min = ${bound}`));
    }
    return errors;
  });
}

/** Devices and huge pages are not shared: a request is a limit. */
function validateFixed(item: core.LimitRangeItem, field: string): FieldError[] {
  return Object.entries(item.defaultRequest ?? {}).flatMap(([name, text]) => {
    if (!name.includes('/') && !name.startsWith('hugepages-')) return [];
    const limitText = item.default?.[name];
    const limit = limitText === undefined ? undefined : tryParseQuantity(limitText);
    const request = tryParseQuantity(text);
    if (!limit || !request || compareQuantities(limit, request) === 0) return [];
    const why = `default value ${limitText} must equal to defaultRequest value ${text} in ${name}`;
    return [invalidValue(`${field}.defaultRequest[${name}]`, text, why)];
  });
}

function validateByType(item: core.LimitRangeItem, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (item.type === 'Pod') {
    for (const list of ['default', 'defaultRequest'] as const) {
      if (Object.keys(item[list] ?? {}).length > 0) {
        errors.push(forbiddenField(`${field}.${list}`, "may not be specified when `type` is 'Pod'"));
      }
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    errors.push(required(`${field}.limits`, why));
  }
  return errors;
}

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec.limits ?? []).flatMap((item, i) => {
    const field = `spec.limits[${i}]`;
    const { type = '' } = item;
    const twice = types.has(type) ? [duplicate(`${field}.type`, type)] : [];
    types.add(type);
    return [
      ...validateType(type, `${field}.type`),
      ...twice,
      ...validateLists(item, field),
      ...validateByType(item, field),
      ...ORDERS.flatMap((order) => validateOrder(item, order, field)),
      ...validateRatios(item, field),
      ...validateFixed(item, field),
    ];
  });
}
