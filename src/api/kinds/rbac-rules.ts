// What Role and ClusterRole, and RoleBinding and ClusterRoleBinding, have in common: columns, defaults and rules.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import { invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { pathSegmentProblems, subdomainProblems } from '../names.ts';
import type { ClusterRoleBinding, KubeObject, RoleBinding, rbac } from '../objects.ts';
import type { Column } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import type { Writable } from '../writable.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

const createdColumn: Column = column(
  'Created At',
  'When the server created this object.',
  (object) => object.metadata.creationTimestamp ?? '',
  'date-time',
);

const ruleErrors = (rule: rbac.PolicyRule, namespaced: boolean, field: string): FieldError[] => {
  const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [], resourceNames = [] } = rule;
  const errors: FieldError[] = [];
  if (verbs.length === 0) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (namespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      errors.push(invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, why));
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, why));
    }
    return errors;
  }
  const missing = (what: string) =>
    required(
      `${field}.${what}`,
      `resource rules must supply at least one ${what === 'apiGroups' ? 'api group' : 'resource'}`,
    );
  if (apiGroups.length === 0) errors.push(missing('apiGroups'));
  if (resources.length === 0) errors.push(missing('resources'));
  return errors;
};

export function validateRules(
  rules: readonly rbac.PolicyRule[] | undefined,
  namespaced: boolean,
): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => ruleErrors(rule, namespaced, `rules[${i}]`));
}

type Binding = RoleBinding | ClusterRoleBinding;

const names = (binding: Binding, kind: string) =>
  (binding.subjects ?? []).filter((subject) => subject.kind === kind);

const joined = (values: readonly string[]) => values.join(', ');

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  column('Role', 'What is granted.', ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`),
  ageColumn,
  wideColumn('Users', 'Users to whom it is granted.', (b) => joined(names(b, 'User').map((s) => s.name))),
  wideColumn('Groups', 'Groups to which it is granted.', (b) => joined(names(b, 'Group').map((s) => s.name))),
  wideColumn('ServiceAccounts', 'ServiceAccounts to which it is granted.', (b) =>
    joined(names(b, 'ServiceAccount').map((s) => `${s.namespace ?? ''}/${s.name}`)),
  ),
];

/** As upstream: users and groups are RBAC's own, ServiceAccounts are of the core group. */
export function setBindingDefaults(binding: Writable<Binding>): void {
  if (binding.roleRef) (binding.roleRef as Writable<rbac.RoleRef>).apiGroup ||= RBAC_GROUP;
  for (const subject of (binding.subjects ?? []) as Writable<rbac.Subject>[]) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC_GROUP;
  }
}

export function validateBinding(binding: Binding, roleKinds: readonly string[]): FieldError[] {
  const { roleRef, subjects = [] } = binding;
  if (!roleRef) return [required('roleRef')];
  const errors: FieldError[] = [];
  if (roleRef.apiGroup !== RBAC_GROUP) {
    errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [RBAC_GROUP]));
  }
  if (!roleKinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, roleKinds));
  if (!roleRef.name) errors.push(required('roleRef.name'));
  else errors.push(...invalidEach('roleRef.name', roleRef.name, pathSegmentProblems(roleRef.name)));
  const namespaced = binding.kind === 'RoleBinding';
  subjects.forEach((subject, i) => {
    errors.push(...validateSubject(subject, namespaced, `subjects[${i}]`));
  });
  return errors;
}

const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

function validateSubject(subject: rbac.Subject, namespaced: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!subject.name) errors.push(required(`${field}.name`));
  if (!SUBJECT_KINDS.includes(subject.kind)) {
    return [...errors, notSupported(`${field}.kind`, subject.kind, SUBJECT_KINDS)];
  }
  const account = subject.kind === 'ServiceAccount';
  const group = account ? '' : RBAC_GROUP;
  if ((subject.apiGroup ?? '') !== group)
    errors.push(notSupported(`${field}.apiGroup`, subject.apiGroup, [group]));
  if (!account) return errors;
  if (subject.name)
    errors.push(...invalidEach(`${field}.name`, subject.name, subdomainProblems(subject.name)));
  if (!namespaced && !subject.namespace) errors.push(required(`${field}.namespace`));
  return errors;
}

/** Who may bind a role was checked against the role as it was named: it may not be swapped afterwards. */
export function validateBindingUpdate(next: Binding, previous: Binding): FieldError[] {
  const same = (['apiGroup', 'kind', 'name'] as const).every(
    (key) => next.roleRef?.[key] === previous.roleRef?.[key],
  );
  return same ? [] : [invalidValue('roleRef', next.roleRef, 'cannot change roleRef')];
}

/** The names and shape that all four kinds share. */
export const rbacBase = {
  group: RBAC_GROUP,
  version: 'v1',
  shortNames: [],
  categories: [],
  hasStatus: false,
  nameRule: 'pathSegment',
} as const;

export const roleColumns: readonly Column<KubeObject>[] = [nameColumn, createdColumn];
