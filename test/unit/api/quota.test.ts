// What objects count for against quotas, and which quotas count them.
import t from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { core, KubeObject, Pod, ResourceQuota } from '../../../src/api/objects.ts';
import { formatQuantity } from '../../../src/api/quantity.ts';
import { inScope, limitsKind, missingAmounts, usageOf, usedOf } from '../../../src/api/quota.ts';

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
const shown = (kind: typeof pods | typeof services | typeof configMaps, object: KubeObject) =>
  Object.fromEntries([...usageOf(kind, object)].map(([name, quantity]) => [name, formatQuantity(quantity)]));

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

t.test('what nothing uses is 0', async (t) => {
  t.same(usedOf(['pods', 'limits.cpu'], usageOf(pods, pod({}))), { pods: '1', 'limits.cpu': '0' });
});
