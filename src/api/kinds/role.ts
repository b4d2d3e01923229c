// Role: names, columns and rules.
import type { Role } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import { rbacBase, roleColumns, validateRules } from './rbac-rules.ts';

export const roles: KindDefinition<Role> = {
  ...rbacBase,
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
  columns: roleColumns,
  validate: ({ rules }) => validateRules(rules, true),
};
