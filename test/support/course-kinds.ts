// One object of each kind that the API server stores, as a client sends it without its metadata, and what a stranger
// may write into its status.

export interface CourseKind {
  /** Of the collection. */
  path: string;
  body: { apiVersion: string; kind: string; [field: string]: unknown };
  /** Where the kind has one. */
  status?: object;
}

/** `fields` and `status` are those of one object; `plural` says what the path ends in. */
function inNamespace(
  group: string,
  plural: string,
  kind: string,
  fields: object,
  status?: object,
): CourseKind {
  return of(group, `namespaces/default/${plural}`, kind, fields, status);
}

function of(group: string, place: string, kind: string, fields: object, status?: object): CourseKind {
  const path = `/${group === 'v1' ? 'api' : 'apis'}/${group}/${place}`;
  return { path, body: { apiVersion: group, kind, ...fields }, ...(status ? { status } : {}) };
}

const containers = [{ name: 'c', image: 'example.com/c:1' }];
const selecting = (name: string, more: object = {}) => ({
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers } },
    ...more,
  },
});
const condition = { conditions: [{ type: 'E2E', status: 'True' }] };
const job = { template: { spec: { restartPolicy: 'Never', containers } } };
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' };
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const balanced = { ingress: [{ ip: '203.0.113.1' }] };
const storage = { requests: { storage: '1Gi' } };
const volume = {
  capacity: { storage: '1Gi' },
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'other',
  csi: { driver: 'driver.example.com', volumeHandle: 'handle' },
};
const service = { type: 'LoadBalancer', loadBalancerClass: 'example.com/other', ports: [{ port: 80 }] };
const ingress = {
  ingressClassName: 'other',
  defaultBackend: { service: { name: 's', port: { number: 80 } } },
};
const event = {
  eventTime: '2026-01-01T00:00:00.000005Z',
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  reportingController: 'tester',
  reportingInstance: 'here',
  regarding: { namespace: 'default' },
};
const lease = { spec: { holderIdentity: 'me', acquireTime: '2026-01-01T00:00:00.000000Z' } };
const oldEvent = { involvedObject: { namespace: 'default' }, reason: 'Test', message: 'm', type: 'Normal' };
const TIME = '2026-01-01T00:00:00Z';
const RBAC = 'rbac.authorization.k8s.io/v1';

export const COURSE_KINDS: readonly CourseKind[] = [
  inNamespace('v1', 'configmaps', 'ConfigMap', { data: { a: 'b' } }),
  inNamespace('v1', 'secrets', 'Secret', { data: { a: 'Yg==' } }),
  inNamespace('v1', 'endpoints', 'Endpoints', { subsets: [] }),
  inNamespace('v1', 'serviceaccounts', 'ServiceAccount', {}),
  inNamespace('v1', 'limitranges', 'LimitRange', { spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] } }),
  inNamespace(
    'v1',
    'resourcequotas',
    'ResourceQuota',
    { spec: { hard: { 'count/x.y.z': '9' } } },
    { hard: { pods: '3' } },
  ),
  inNamespace('v1', 'podtemplates', 'PodTemplate', { template: { spec: { containers } } }),
  inNamespace('v1', 'events', 'Event', oldEvent),
  inNamespace('v1', 'pods', 'Pod', { spec: { containers } }, { message: 'from a test' }),
  inNamespace('v1', 'services', 'Service', { spec: service }, { loadBalancer: balanced }),
  inNamespace(
    'v1',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: storage } },
    { allocatedResources: { storage: '1Gi' } },
  ),
  inNamespace(
    'v1',
    'replicationcontrollers',
    'ReplicationController',
    { spec: { selector: { app: 'rc' }, template: selecting('rc').spec.template } },
    condition,
  ),
  of(
    'v1',
    'persistentvolumes',
    'PersistentVolume',
    { spec: volume },
    { message: 'from a test', reason: 'E2E test' },
  ),
  of('v1', 'nodes', 'Node', {}, { phase: 'Running' }),
  inNamespace('apps/v1', 'deployments', 'Deployment', selecting('d', { paused: true }), {
    collisionCount: 3,
  }),
  inNamespace('apps/v1', 'replicasets', 'ReplicaSet', selecting('rs'), condition),
  inNamespace('apps/v1', 'statefulsets', 'StatefulSet', selecting('ss', { serviceName: 's' }), condition),
  inNamespace('apps/v1', 'daemonsets', 'DaemonSet', selecting('ds'), condition),
  inNamespace('apps/v1', 'controllerrevisions', 'ControllerRevision', { revision: 1, data: { a: 1 } }),
  inNamespace('batch/v1', 'jobs', 'Job', { spec: { suspend: true, ...job } }, condition),
  inNamespace(
    'batch/v1',
    'cronjobs',
    'CronJob',
    { spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: job } } },
    { lastScheduleTime: TIME },
  ),
  inNamespace(
    'autoscaling/v1',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
    { spec: { maxReplicas: 2, scaleTargetRef: target } },
    { currentCPUUtilizationPercentage: 7 },
  ),
  inNamespace(
    'autoscaling/v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
    { spec: { maxReplicas: 2, scaleTargetRef: target } },
    { lastScaleTime: TIME },
  ),
  inNamespace(
    'policy/v1',
    'poddisruptionbudgets',
    'PodDisruptionBudget',
    { spec: { minAvailable: 1, selector: { matchLabels: { app: 'none' } } } },
    { disruptedPods: { gone: TIME } },
  ),
  inNamespace('networking.k8s.io/v1', 'ingresses', 'Ingress', { spec: ingress }, { loadBalancer: balanced }),
  inNamespace('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', { spec: { podSelector: {} } }),
  of('networking.k8s.io/v1', 'ingressclasses', 'IngressClass', {
    spec: { controller: 'example.com/controller' },
  }),
  inNamespace('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['1.2.3.4'] }],
  }),
  inNamespace('coordination.k8s.io/v1', 'leases', 'Lease', lease),
  inNamespace('events.k8s.io/v1', 'events', 'Event', event),
  of('storage.k8s.io/v1', 'storageclasses', 'StorageClass', { provisioner: 'example.com/none' }),
  of('scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', { value: 7 }),
  of('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', { handler: 'runc' }),
  inNamespace(RBAC, 'roles', 'Role', { rules }),
  of(RBAC, 'clusterroles', 'ClusterRole', { rules }),
  inNamespace(RBAC, 'rolebindings', 'RoleBinding', { roleRef, subjects: [] }),
  of(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', { roleRef, subjects: [] }),
];
