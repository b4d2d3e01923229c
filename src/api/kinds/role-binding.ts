// RoleBinding: names, columns, defaults and rules.
import type { RoleBinding } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import {
  bindingColumns,
  rbacBase,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './rbac-rules.ts';

export const roleBindings: KindDefinition<RoleBinding> = {
  ...rbacBase,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  columns: bindingColumns,
  setDefaults: setBindingDefaults,
  validate: (binding) => validateBinding(binding, ['Role', 'ClusterRole']),
  validateUpdate: validateBindingUpdate,
};
