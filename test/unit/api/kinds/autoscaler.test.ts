// HorizontalPodAutoscaler: what it measures, as it is checked and shown.
import t from 'tap';
import { validateTargetVersion } from '../../../../src/api/kinds/autoscaler-rules.ts';
import { cell, objectOf, problems } from '../../../support/kind-problems.ts';

const hpa = (spec: object = {}) => ({
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    maxReplicas: 5,
    ...spec,
  },
});
const cpu = (target: object) => ({ type: 'Resource', resource: { name: 'cpu', target } });
const utilization = { type: 'Utilization', averageUtilization: 50 };

t.test('without metrics it keeps the CPU at 80 percent, with at least one pod', async (t) => {
  t.match(objectOf('hpa', hpa()).object, {
    spec: {
      minReplicas: 1,
      metrics: [cpu({ type: 'Utilization', averageUtilization: 80 })],
    },
  });
  t.same(problems('hpa', hpa()), []);
});

t.test('its bounds are told as upstream does', async (t) => {
  // Source: pkg/apis/autoscaling/validation validateHorizontalPodAutoscalerSpec
  t.same(problems('hpa', hpa({ maxReplicas: 0 })), [
    'spec.maxReplicas: Required value: must be set and greater than 0',
    'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
  ]);
  t.same(problems('hpa', hpa({ minReplicas: -1, maxReplicas: -1 })), [
    'spec.minReplicas: Invalid value: -1: must be greater than or equal to 0',
    'spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1',
  ]);
});

t.test('its target has a group, but for a ReplicationController; what is there stays', async (t) => {
  // Source: pkg/apis/autoscaling/validation ValidateAPIVersion
  const told = (target: object, before?: object) => {
    const object = (ref: object) => ({ spec: { scaleTargetRef: ref, maxReplicas: 2 } }) as never;
    return validateTargetVersion(object(target), before && object(before)).map(({ message }) => message);
  };
  const wrong = (version: string, why: string) => [`Invalid value: "${version}": ${why}`];
  const bare = { kind: 'Deployment', name: 'web' };
  t.same(told(bare), wrong('', 'apiVersion must specify API group'));
  t.same(told({ ...bare, apiVersion: 'v1' }), wrong('v1', 'apiVersion must specify API group'));
  t.same(told({ ...bare, apiVersion: 'a/b/c' }), wrong('a/b/c', 'unexpected GroupVersion string: a/b/c'));
  t.same(told({ ...bare, apiVersion: 'apps/v1' }), []);
  t.same(told({ kind: 'ReplicationController', name: 'web' }), []);
  t.same(told(bare, { ...bare, name: 'old' }), []);
});

t.test('to zero goes only who has a metric that needs no pods', async (t) => {
  t.same(problems('hpa', hpa({ minReplicas: 0, metrics: [cpu(utilization)] })), [
    'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
  ]);
  const external = { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } };
  t.same(problems('hpa', hpa({ minReplicas: 0, metrics: [{ type: 'External', external }] })), []);
});

t.test('behavior that is given stays, the rest of it is filled in', async (t) => {
  const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }];
  const { object } = objectOf('hpa', hpa({ behavior: { scaleUp: { policies } } }));
  t.match(object, {
    spec: {
      behavior: {
        scaleUp: { policies, selectPolicy: 'Max', stabilizationWindowSeconds: 0 },
        scaleDown: { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      },
    },
  });
});

t.test('behavior has bounds', async (t) => {
  const scaleDown = {
    stabilizationWindowSeconds: 3601,
    selectPolicy: 'Least',
    policies: [{ type: 'Boards', value: 0, periodSeconds: 1801 }],
  };
  t.same(problems('hpa', hpa({ behavior: { scaleDown, scaleUp: { policies: [] } } })), [
    'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy',
    'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
    'spec.behavior.scaleDown.selectPolicy: Unsupported value: "Least": supported values: "Disabled", "Max", "Min"',
    'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Boards": supported values: "Percent", "Pods"',
    'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
    'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
  ]);
});

t.test('each metric has the one source that its type names, with a target', async (t) => {
  const checked = (...metrics: object[]) => problems('hpa', hpa({ metrics }));
  t.same(checked(cpu(utilization)), []);
  t.same(checked({ ...cpu(utilization), pods: { metric: { name: 'a' }, target: utilization } }), [
    'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue',
    'spec.metrics[0].pods: Forbidden: must populate the given metric source only',
  ]);
  t.same(checked({ type: 'Magic' }), [
    'spec.metrics[0].type: Unsupported value: "Magic": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
  ]);
  t.same(checked(cpu({ type: 'AverageValue', averageValue: '0' })), [
    'spec.metrics[0].resource.target.averageValue: Invalid value: "0": must be positive',
  ]);
  t.same(checked(cpu({ ...utilization, averageValue: '1' })), [
    'spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
  ]);
  t.same(checked(cpu({ type: 'Utilization' })), [
    'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
  ]);
  t.same(checked({ type: 'External', external: { metric: {}, target: { type: 'Value' } } }), [
    'spec.metrics[0].external.metric.name: Required value: must specify a metric name',
    'spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target',
  ]);
  t.same(checked({ type: 'ContainerResource', containerResource: { name: 'cpu', target: utilization } }), [
    'spec.metrics[0].containerResource.container: Required value: must specify a container',
  ]);
});

t.test('it shows current and wanted amounts, and how many it leaves out', async (t) => {
  const object = {
    type: 'Object',
    object: { metric: { name: 'r' }, describedObject: {}, target: { type: 'Value', value: '10k' } },
  };
  const pods = {
    type: 'Pods',
    pods: { metric: { name: 'p' }, target: { type: 'AverageValue', averageValue: '1k' } },
  };
  const currentMetrics = [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } },
    { type: 'Pods', pods: { metric: { name: 'p' }, current: { averageValue: '900' } } },
  ];
  const shown = (metrics: object[], status = {}) => cell('hpa', 'Targets', { ...hpa({ metrics }), status });
  t.equal(shown([cpu(utilization)]), 'cpu: <unknown>/50%');
  t.equal(shown([cpu(utilization), pods, object], { currentMetrics }), 'cpu: 12%/50%, 900/1k + 1 more...');
  t.equal(shown([object]), '<unknown>/10k');
  t.equal(shown([cpu({ type: 'AverageValue', averageValue: '100m' })]), 'cpu: <unknown>/100m');
});
