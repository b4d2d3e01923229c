// Brings the roles that every cluster begins with up to date at each start: what is missing is added, what
// somebody added stays, and a role annotated `autoupdate: "false"` is left alone. The administrators' own binding
// is made once, with the cluster: who deletes it means it.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
import type { PolicyRule, Subject } from 'kubernetes-types/rbac/v1.js';
import { clusterRoles } from '../../api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import type { ClusterRole, ClusterRoleBinding, KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { CLUSTER_ADMINS_GROUP } from '../../pki/kept-certificates.ts';
import type { Registry } from '../registry/registry.ts';
import {
  type BootstrapBinding,
  type BootstrapRole,
  bootstrapBindings,
  bootstrapRoles,
} from './bootstrap-policy.ts';
import { uncovered } from './rules.ts';

const API_GROUP = 'rbac.authorization.k8s.io';
const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

export async function bootstrapRbac(registry: Registry): Promise<void> {
  const isNew = !registry.find(clusterRoles, 'cluster-admin');
  for (const role of bootstrapRoles) await ensureRole(registry, role);
  for (const binding of bootstrapBindings) await ensureBinding(registry, binding);
  const admins = { name: CLUSTER_ADMINS_GROUP, role: 'cluster-admin', groups: [CLUSTER_ADMINS_GROUP] };
  if (isNew) await ensureBinding(registry, admins);
}

async function ensureRole(registry: Registry, role: BootstrapRole): Promise<void> {
  const current = registry.find(clusterRoles, role.name);
  if (!current) return create(registry, clusterRoles, newRole(role));
  if (isLeftAlone(current)) return;
  // What aggregates has its rules from a controller.
  const missing = role.aggregates ? [] : uncovered(current.rules ?? [], role.rules ?? []);
  const labels = { ...current.metadata.labels, ...LABELS, ...role.labels };
  await change(registry, clusterRoles, role.name, (object: ClusterRole) => ({
    ...object,
    metadata: { ...object.metadata, labels },
    ...(missing.length > 0 ? { rules: [...(object.rules ?? []), ...missing] } : {}),
  }));
}

function newRole({ name, labels, rules, aggregates }: BootstrapRole): object {
  const selectors = aggregates && { clusterRoleSelectors: [{ matchLabels: { [aggregates]: 'true' } }] };
  return {
    metadata: { name, labels: { ...LABELS, ...labels }, annotations: { [AUTO_UPDATE]: 'true' } },
    ...(selectors ? { aggregationRule: selectors } : {}),
    rules: (rules ?? []) as PolicyRule[],
  };
}

async function ensureBinding(registry: Registry, { name, role, groups }: BootstrapBinding): Promise<void> {
  const current = registry.find(clusterRoleBindings, name);
  const wanted = groups.map((group): Subject => ({ kind: 'Group', apiGroup: API_GROUP, name: group }));
  if (!current) {
    return create(registry, clusterRoleBindings, {
      metadata: { name, labels: LABELS, annotations: { [AUTO_UPDATE]: 'true' } },
      roleRef: { apiGroup: API_GROUP, kind: 'ClusterRole', name: role },
      subjects: wanted,
    });
  }
  const subjects = current.subjects ?? [];
  const missing = wanted.filter(({ name: group }) =>
    subjects.every((subject) => subject.kind !== 'Group' || subject.name !== group),
  );
  if (isLeftAlone(current) || missing.length === 0) return;
  await change(registry, clusterRoleBindings, name, (object: ClusterRoleBinding) => ({
    ...object,
    subjects: [...(object.subjects ?? []), ...missing],
  }));
}

const isLeftAlone = ({ metadata }: KubeObject): boolean => metadata.annotations?.[AUTO_UPDATE] === 'false';

async function create<T extends KubeObject>(registry: Registry, kind: KindDefinition<T>, object: object) {
  await registry.create(kind as unknown as KindDefinition, structuredClone(object) as KubeObject);
}

/** Writes nothing when nothing differs. */
async function change<T extends KubeObject>(
  registry: Registry,
  kind: KindDefinition<T>,
  name: string,
  to: (current: T) => T,
): Promise<void> {
  const changed = (current: KubeObject) => structuredClone(to(current as T)) as KubeObject;
  await registry.update(kind as unknown as KindDefinition, name, changed);
}
