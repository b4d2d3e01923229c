// ClusterRoleBinding: names, columns, defaults and rules.
import type { ClusterRoleBinding } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import {
  bindingColumns,
  rbacBase,
  setBindingDefaults,
  validateBinding,
  validateBindingUpdate,
} from './rbac-rules.ts';

export const clusterRoleBindings: KindDefinition<ClusterRoleBinding> = {
  ...rbacBase,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  columns: bindingColumns,
  setDefaults: setBindingDefaults,
  validate: (binding) => validateBinding(binding, ['ClusterRole']),
  validateUpdate: validateBindingUpdate,
};
