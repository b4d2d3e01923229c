// The roles and bindings that every cluster begins with, as upstream's, less what nothing here uses.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';

export interface BootstrapRole {
  name: string;
  labels?: Readonly<Record<string, string>>;
  rules?: readonly PolicyRule[];
  /** Roles with these labels make its rules. */
  aggregates?: string;
}

export interface BootstrapBinding {
  name: string;
  /** A ClusterRole. */
  role: string;
  groups: readonly string[];
}

/** Whom the administrator's kubeconfig belongs to; its right is a binding like any other, so it can be taken. */
export const CLUSTER_ADMINS_GROUP = 'edge-cluster:cluster-admins';

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';
const READ = 'get list watch';
const WRITE = 'create delete deletecollection patch update';

const words = (text: string): string[] => text.split(' ');

const rule = (group: string, resources: string, verbs: string): PolicyRule => ({
  apiGroups: [group],
  resources: words(resources),
  verbs: words(verbs),
});

const paths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });
const aggregatedTo = (role: string) => ({ [`${AGGREGATE}${role}`]: 'true' });

const viewRules: readonly PolicyRule[] = [
  rule(
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    READ,
  ),
  rule(
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    READ,
  ),
  rule('', 'namespaces', READ),
  rule('discovery.k8s.io', 'endpointslices', READ),
  rule(
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    READ,
  ),
  rule('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', READ),
  rule('batch', 'cronjobs cronjobs/status jobs jobs/status', READ),
  rule('policy', 'poddisruptionbudgets poddisruptionbudgets/status', READ),
  rule('networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ),
];

const editRules: readonly PolicyRule[] = [
  rule('', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', READ),
  rule('', 'serviceaccounts', 'impersonate'),
  rule('', 'pods pods/attach pods/exec pods/portforward pods/proxy', WRITE),
  rule('', 'pods/eviction', 'create'),
  rule(
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    WRITE,
  ),
  rule('', 'serviceaccounts/token', 'create'),
  rule(
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    WRITE,
  ),
  rule('autoscaling', 'horizontalpodautoscalers', WRITE),
  rule('batch', 'cronjobs jobs', WRITE),
  rule('policy', 'poddisruptionbudgets', WRITE),
  rule('networking.k8s.io', 'ingresses networkpolicies', WRITE),
  rule('coordination.k8s.io', 'leases', `${WRITE} ${READ}`),
];

const adminRules: readonly PolicyRule[] = [
  rule('authorization.k8s.io', 'localsubjectaccessreviews', 'create'),
  rule('rbac.authorization.k8s.io', 'rolebindings roles', `${WRITE} ${READ}`),
];

export const bootstrapRoles: readonly BootstrapRole[] = [
  { name: 'cluster-admin', rules: [rule('*', '*', '*'), { nonResourceURLs: ['*'], verbs: ['*'] }] },
  { name: 'admin', aggregates: `${AGGREGATE}admin` },
  { name: 'edit', aggregates: `${AGGREGATE}edit`, labels: aggregatedTo('admin') },
  { name: 'view', aggregates: `${AGGREGATE}view`, labels: aggregatedTo('edit') },
  { name: 'system:aggregate-to-admin', labels: aggregatedTo('admin'), rules: adminRules },
  { name: 'system:aggregate-to-edit', labels: aggregatedTo('edit'), rules: editRules },
  { name: 'system:aggregate-to-view', labels: aggregatedTo('view'), rules: viewRules },
  {
    name: 'system:aggregated-metrics-reader',
    labels: aggregatedTo('view'),
    rules: [rule('metrics.k8s.io', 'pods nodes', READ)],
  },
  {
    name: 'system:discovery',
    rules: [
      paths(
        ...words('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'),
      ),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', 'create'),
      rule('authentication.k8s.io', 'selfsubjectreviews', 'create'),
    ],
  },
  {
    name: 'system:public-info-viewer',
    rules: [paths('/healthz', '/livez', '/readyz', '/version', '/version/')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      paths(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/readyz', '/readyz/*')],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      rule('', 'nodes', `${READ} proxy`),
      rule('', 'nodes/proxy nodes/log nodes/metrics nodes/stats', '*'),
    ],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('authentication.k8s.io', 'tokenreviews', 'create'),
      rule('authorization.k8s.io', 'subjectaccessreviews', 'create'),
    ],
  },
];

export const bootstrapBindings: readonly BootstrapBinding[] = [
  { name: 'cluster-admin', role: 'cluster-admin', groups: ['system:masters'] },
  { name: 'system:basic-user', role: 'system:basic-user', groups: ['system:authenticated'] },
  { name: 'system:discovery', role: 'system:discovery', groups: ['system:authenticated'] },
  {
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
  { name: 'system:monitoring', role: 'system:monitoring', groups: ['system:monitoring'] },
];
