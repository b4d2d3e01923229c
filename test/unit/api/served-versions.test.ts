// One stored object in several versions: what each shows, and that nothing is lost on the way there and back.
import t from 'tap';
import type { KubeObject } from '../../../src/api/objects.ts';
import { ServedKinds } from '../../../src/api/served-kinds.ts';
import { fromStored, storedKind, toStored } from '../../../src/api/served-versions.ts';

const kinds = new ServedKinds();
const kind = (group: string, version: string, plural: string) => {
  const found = kinds.byResource(group, version, plural);
  if (!found) throw new Error(`${group}/${version} ${plural} is not served`);
  return found;
};

const metadata = { name: 'x', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' };

t.test('the core group comes first and the preferred version before the others', async (t) => {
  const served = kinds.groupVersions().map(({ group, version }) => `${group}/${version}`);
  t.equal(served[0], '/v1');
  t.ok(served.indexOf('autoscaling/v2') < served.indexOf('autoscaling/v1'));
  t.ok(served.indexOf('batch/v1') < served.indexOf('batch/v1beta1'));
});

t.test('an Event keeps every field under its other name', async (t) => {
  const view = kind('events.k8s.io', 'v1', 'events');
  t.equal(storedKind(view).group, '');
  const stored = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject: { kind: 'Pod', name: 'a' },
    message: 'text',
    reportingComponent: 'me',
    source: { component: 'me' },
    firstTimestamp: 'a',
    lastTimestamp: 'b',
    count: 3,
    reason: 'Why',
  } as unknown as KubeObject;
  const shown = fromStored(view, stored);
  t.match(shown, {
    apiVersion: 'events.k8s.io/v1',
    regarding: { name: 'a' },
    note: 'text',
    reportingController: 'me',
    deprecatedCount: 3,
    reason: 'Why',
  });
  t.notOk('involvedObject' in shown || 'message' in shown);
  t.strictSame(toStored(view, shown), stored);
  t.equal(view.selectableFields?.['regarding.name']?.(stored), 'a');
});

t.test('a HorizontalPodAutoscaler of v1 carries in annotations what v1 cannot say', async (t) => {
  const view = kind('autoscaling', 'v1', 'horizontalpodautoscalers');
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
  };
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  };
  const pods = {
    type: 'Pods',
    pods: {
      metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } },
      target: { type: 'AverageValue', averageValue: '5' },
    },
  };
  const object = {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 's' },
      metric: { name: 'rps' },
      target: { type: 'Value', value: '10' },
    },
  };
  const external = {
    type: 'External',
    external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '2' } },
  };
  const stored = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, annotations: { own: 'yes' } },
    spec: {
      maxReplicas: 4,
      behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      metrics: [memory, pods, object, external, cpu],
    },
    status: {
      desiredReplicas: 1,
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 7, averageValue: '9m' } },
        },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True' }],
    },
  } as unknown as KubeObject;
  const shown = fromStored(view, stored);
  t.match(shown, {
    apiVersion: 'autoscaling/v1',
    spec: { targetCPUUtilizationPercentage: 50, maxReplicas: 4 },
    status: { currentCPUUtilizationPercentage: 7 },
  });
  const annotations = shown.metadata.annotations ?? {};
  t.match(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics'] ?? ''), [
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
    { type: 'Pods', pods: { metricName: 'hits', targetAverageValue: '5' } },
  ]);
  t.strictSame(toStored(view, shown), stored);
});

t.test('a client of v1 that writes an annotation which is no JSON loses only that', async (t) => {
  const view = kind('autoscaling', 'v1', 'horizontalpodautoscalers');
  const shown = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '{' } },
    spec: { maxReplicas: 4, targetCPUUtilizationPercentage: 20 },
  } as unknown as KubeObject;
  t.match(toStored(view, shown), { spec: { metrics: [{ resource: { name: 'cpu' } }] } });
});

t.test('custom kinds come and go, and whoever listens is told', async (t) => {
  const served = new ServedKinds();
  const widget = { ...kind('', 'v1', 'configmaps'), group: 'example.com', kind: 'Widget', plural: 'widgets' };
  let changes = 0;
  const unsubscribe = served.onChange(() => changes++);
  served.setCustom('widgets.example.com', { stored: widget, served: [widget] });
  t.equal(served.byResource('example.com', 'v1', 'widgets')?.kind, 'Widget');
  t.strictSame(served.custom, [widget]);
  t.match(served.groupVersions().at(-1), { group: 'example.com', version: 'v1' });
  served.deleteCustom('widgets.example.com');
  served.deleteCustom('widgets.example.com');
  t.equal(served.byResource('example.com', 'v1', 'widgets'), undefined);
  t.equal(changes, 2);
  unsubscribe();
});
