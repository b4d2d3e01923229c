// PodDisruptionBudget: names, columns and rules.
// Source: pkg/apis/policy/validation ValidatePodDisruptionBudget
import { ageColumn, column, nameColumn } from '../columns.ts';
import { invalidValue, notSupported } from '../field-error.ts';
import { atMostAll, validateIntOrPercent } from '../int-or-percent.ts';
import type { PodDisruptionBudget, policy } from '../objects.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

const columns: readonly Column<PodDisruptionBudget>[] = [
  nameColumn,
  column('Min Available', 'Pods that must stay.', ({ spec }) => String(spec.minAvailable ?? 'N/A')),
  column('Max Unavailable', 'Pods that may be gone.', ({ spec }) => String(spec.maxUnavailable ?? 'N/A')),
  column(
    'Allowed Disruptions',
    'Number of pod disruptions that are currently allowed.',
    ({ status }) => status?.disruptionsAllowed ?? 0,
    'integer',
  ),
  ageColumn,
];

function validate({ spec }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const name of ['minAvailable', 'maxUnavailable'] as const) {
    const field = `spec.${name}`;
    errors.push(...validateIntOrPercent(spec[name], field), ...atMostAll(spec[name], field));
  }
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const { unhealthyPodEvictionPolicy: evictions } = spec;
  if (evictions !== undefined && !EVICTION_POLICIES.includes(evictions)) {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', evictions, EVICTION_POLICIES));
  }
  return errors;
}

export const podDisruptionBudgets: KindDefinition<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: true,
  setDefaults(budget) {
    budget.spec ??= {} as policy.PodDisruptionBudgetSpec;
  },
  validate,
};
