// ResourceQuota: names, columns and rules.
// Source: pkg/apis/core/validation ValidateResourceQuota
import { isDeepStrictEqual } from 'node:util';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable, invalidValue, required } from '../field-error.ts';
import type { core, ResourceQuota } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { QUOTA_SCOPES, scopeAllows, validateQuotaAmounts } from './quota-resources.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
const CONFLICTING = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
/** Scopes that are there or not: they have no values. */
const PLAIN_SCOPES = [...CONFLICTING.flat(), 'CrossNamespacePodAffinity'] as string[];

/** `pods: 1/10, requests.cpu: 0/2`, of the limits or of everything else. */
function usage({ status }: ResourceQuota, ofLimits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === ofLimits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}

const columns: readonly Column<ResourceQuota>[] = [
  nameColumn,
  column('Request', 'What is used of what may be requested.', (quota) => usage(quota, false)),
  column('Limit', 'What is used of what limits may add up to.', (quota) => usage(quota, true)),
  ageColumn,
];

function validateScopeSet(
  scopes: readonly string[],
  spec: core.ResourceQuotaSpec,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  scopes.forEach((scope, i) => {
    if (!QUOTA_SCOPES.includes(scope))
      errors.push(invalidValue(`${field}[${i}]`, scope, 'unsupported scope'));
    else if (!Object.keys(spec.hard ?? {}).every((resource) => scopeAllows(scope, resource))) {
      errors.push(invalidValue(field, scopes, 'unsupported scope applied to resource'));
    }
  });
  if (CONFLICTING.some((pair) => pair.every((scope) => scopes.includes(scope)))) {
    errors.push(invalidValue(field, scopes, 'conflicting scopes'));
  }
  return errors;
}

function validateRequirement(
  requirement: core.ScopedResourceSelectorRequirement,
  field: string,
): FieldError[] {
  const { scopeName = '', operator = '', values = [] } = requirement;
  if (PLAIN_SCOPES.includes(scopeName) && operator !== 'Exists') {
    const why = "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating,";
    const scopes =
      ' ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
    return [invalidValue(`${field}.operator`, operator, `${why}${scopes}`)];
  }
  if (!OPERATORS.includes(operator)) {
    return [invalidValue(`${field}.operator`, operator, 'not a valid selector operator')];
  }
  const listed = operator === 'In' || operator === 'NotIn';
  if (listed && values.length === 0) {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    return [required(`${field}.values`, why)];
  }
  return !listed && values.length > 0
    ? [
        invalidValue(
          `${field}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      ]
    : [];
}

function validateScopes(spec: core.ResourceQuotaSpec): FieldError[] {
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  const field = 'spec.scopeSelector.matchExpressions';
  return [
    ...validateScopeSet(spec.scopes ?? [], spec, 'spec.scopes'),
    ...requirements.flatMap((requirement) => validateRequirement(requirement, field)),
    ...validateScopeSet(
      requirements.map(({ scopeName }) => scopeName),
      spec,
      field,
    ),
  ];
}

function validate({ spec, status }: ResourceQuota): FieldError[] {
  return [
    ...validateQuotaAmounts(spec.hard, 'spec.hard'),
    ...validateScopes(spec),
    ...validateQuotaAmounts(status?.hard, 'status.hard'),
    ...validateQuotaAmounts(status?.used, 'status.used'),
  ];
}

export const resourceQuotas: KindDefinition<ResourceQuota> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: true,
  setDefaults(quota) {
    quota.spec ??= {};
  },
  validate,
  validateUpdate(next, previous) {
    const before = [...(previous.spec.scopes ?? [])].sort();
    const same = isDeepStrictEqual([...(next.spec.scopes ?? [])].sort(), before);
    return same ? [] : [immutable('spec.scopes', next.spec.scopes)];
  },
};
