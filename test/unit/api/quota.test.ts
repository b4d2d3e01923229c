// What objects count for against quotas, and which quotas count them.
import t from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { persistentVolumeClaims } from '../../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../../src/api/kinds/pod.ts';

import { services } from '../../../src/api/kinds/service.ts';
import type { core, KubeObject, Pod, ResourceQuota } from '../../../src/api/objects.ts';
import { formatQuantity } from '../../../src/api/quantity.ts';
import { inScope, limitsKind, missingAmounts, usageOf, usedOf } from '../../../src/api/quota.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';

const metadata = { name: 'x', namespace: 'a', uid: '', resourceVersion: '', creationTimestamp: '' };

const pod = (spec: Partial<core.PodSpec>, status: core.PodStatus = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: { containers: [], ...spec },
  status,
});
const container = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  name: 'c',
  resources: { requests, limits },
});
const NOW = Date.parse('2026-01-01T00:00:00Z');
const shown = (kind: KindDefinition, object: KubeObject, nowMs = NOW) =>
  Object.fromEntries(
    [...usageOf(kind, object, nowMs)].map(([name, quantity]) => [name, formatQuantity(quantity)]),
  );

t.test('a pod counts once, and for what its containers ask for', async (t) => {
  const object = pod({
    containers: [container({ cpu: '100m' }, { memory: '1Gi' }), container({ cpu: '1' })],
  });
  t.same(shown(pods, object), {
    'count/pods': '1',
    pods: '1',
    cpu: '1100m',
    'requests.cpu': '1100m',
    'limits.memory': '1Gi',
  });
});

t.test('a finished pod counts only as an object', async (t) => {
  for (const phase of ['Succeeded', 'Failed']) {
    t.same(shown(pods, pod({ containers: [container({ cpu: '1' })] }, { phase })), { 'count/pods': '1' });
  }
});

t.test('a pod that should be gone counts only as an object', async (t) => {
  // Source: pkg/quota/v1/evaluator/core/pods.go QuotaV1Pod
  const going = (more: object) => {
    const object = pod({ containers: [container({ cpu: '1' })] });
    return {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:30Z', ...more },
    };
  };
  const graceful = going({ deletionGracePeriodSeconds: 30 });
  t.match(shown(pods, graceful, NOW + 60_000), { pods: '1', cpu: '1' });
  t.same(shown(pods, graceful, NOW + 60_001), { 'count/pods': '1' });
  t.match(shown(pods, going({}), NOW + 600_000), { pods: '1' }, 'nobody knows how long it may take');
});

t.test('a Service counts for its node ports', async (t) => {
  const service = (spec: core.ServiceSpec) => ({ apiVersion: 'v1', kind: 'Service', metadata, spec });
  const ports = [{ port: 1 }, { port: 2 }];
  t.match(shown(services, service({ type: 'ClusterIP', ports })), { services: '1', 'count/services': '1' });
  t.equal(shown(services, service({ type: 'ClusterIP', ports }))['services.nodeports'], undefined);
  t.match(shown(services, service({ type: 'NodePort', ports })), { 'services.nodeports': '2' });
  const balanced = service({ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false });
  t.match(shown(services, balanced), { 'services.loadbalancers': '1', 'services.nodeports': '0' });
});

t.test('a quota limits the kinds that it names', async (t) => {
  t.ok(limitsKind(['pods'], pods));
  t.ok(limitsKind(['limits.cpu'], pods));
  t.ok(limitsKind(['count/configmaps'], configMaps));
  t.ok(limitsKind(['count/deployments.apps'], { group: 'apps', plural: 'deployments' }));
  t.notOk(limitsKind(['count/deployments.apps'], { group: '', plural: 'deployments' }));
  t.notOk(limitsKind(['requests.storage'], pods));
  t.notOk(limitsKind(['pods'], configMaps));
});

t.test('scopes take in the pods that they describe, and nothing but pods', async (t) => {
  const quota = (spec: core.ResourceQuotaSpec): ResourceQuota => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata,
    spec,
  });
  const brief = pod({ activeDeadlineSeconds: 5 });
  const takesIn = (scopes: string[], object: Pod) => inScope(quota({ scopes }), pods, object);
  t.ok(takesIn(['Terminating'], brief));
  t.notOk(takesIn(['NotTerminating'], brief));
  t.ok(takesIn(['NotTerminating', 'BestEffort'], pod({})));
  t.notOk(takesIn(['NotTerminating', 'NotBestEffort'], pod({})));
  t.notOk(inScope(quota({ scopes: ['BestEffort'] }), configMaps, pod({})));
  const of = (operator: string, values: string[]) => {
    const scope = { scopeName: 'PriorityClass', operator, values };
    return inScope(
      quota({ scopeSelector: { matchExpressions: [scope] } }),
      pods,
      pod({ priorityClassName: 'high' }),
    );
  };
  t.ok(of('In', ['high']));
  t.notOk(of('NotIn', ['high']));
  t.ok(of('Exists', []));
});

t.test('containers that do not say how much are named', async (t) => {
  const object = pod({ containers: [container({ cpu: '1' }), { name: 'd' }] });
  t.same(missingAmounts(['limits.cpu', 'cpu', 'pods'], object), ['cpu for: d', 'limits.cpu for: c,d']);
});

t.test(
  'each is named once, in the order of the alphabet, and none where the pod asks as a whole',
  async (t) => {
    // Source: pkg/quota/v1/evaluator/core/pods.go Constraints
    const silent = (name: string) => ({ name });
    const containers = [silent('web'), silent('api')];
    const initContainers = [silent('init'), { name: 'set', resources: { requests: { cpu: '0' } } }];
    t.same(missingAmounts(['cpu'], pod({ containers, initContainers })), ['cpu for: api,init,web']);
    const resources = { limits: { memory: '1Gi' } };
    t.same(missingAmounts(['cpu'], pod({ containers, initContainers, resources } as never)), []);
  },
);

t.test('overhead counts beside what is asked for, and where there is a limit', async (t) => {
  // Source: k8s.io/component-helpers/resource PodRequests and PodLimits
  const spec = { containers: [container({}, { cpu: '1' })], overhead: { cpu: '250m', memory: '64Mi' } };
  t.same(shown(pods, pod(spec)), {
    'count/pods': '1',
    pods: '1',
    cpu: '250m',
    memory: '64Mi',
    'requests.cpu': '250m',
    'requests.memory': '64Mi',
    'limits.cpu': '1250m',
  });
});

t.test('huge pages count with and without requests. in front', async (t) => {
  const asked = container({ 'hugepages-2Mi': '4Mi' });
  t.match(shown(pods, pod({ containers: [asked] })), {
    'hugepages-2Mi': '4Mi',
    'requests.hugepages-2Mi': '4Mi',
  });
  t.ok(limitsKind(['hugepages-2Mi'], pods));
});

t.test('a pod that is made smaller counts with what it has until its board says otherwise', async (t) => {
  const status = { containerStatuses: [{ name: 'c', allocatedResources: { cpu: '2' } }] };
  t.match(shown(pods, pod({ containers: [container({ cpu: '1' })] }, status as never)), { cpu: '2' });
});

t.test('a claim counts in whole bytes, and with what it was given', async (t) => {
  const claim = (storage: string, status: object = {}) => ({
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, status },
    spec: { storageClassName: 'fast', resources: { requests: { storage } } },
  });
  t.match(shown(persistentVolumeClaims, claim('1500m')), {
    'requests.storage': '2',
    'fast.storageclass.storage.k8s.io/requests.storage': '2',
    'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
  });
  const grown = claim('1Gi', { allocatedResources: { storage: '2Gi' } });
  t.match(shown(persistentVolumeClaims, grown), { 'requests.storage': '2Gi' });
});

t.test('what nothing uses is 0', async (t) => {
  t.same(usedOf(['pods', 'limits.cpu'], usageOf(pods, pod({}), NOW)), { pods: '1', 'limits.cpu': '0' });
});
