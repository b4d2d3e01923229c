// ClusterRole: names, columns and rules.
import { required } from '../field-error.ts';
import type { ClusterRole } from '../objects.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { rbacBase, roleColumns, validateRules } from './rbac-rules.ts';

function validateAggregation({ aggregationRule }: ClusterRole): FieldError[] {
  if (!aggregationRule) return [];
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  const field = 'aggregationRule.clusterRoleSelectors';
  if (selectors.length === 0)
    return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return selectors.flatMap((selector, i) => validateLabelSelector(selector, `${field}[${i}]`));
}

export const clusterRoles: KindDefinition<ClusterRole> = {
  ...rbacBase,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  columns: roleColumns,
  validate: (role) => [...validateRules(role.rules, false), ...validateAggregation(role)],
};
