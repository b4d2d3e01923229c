// The dialogues that conformance tests since Kubernetes 1.21 hold with status subresources, all controllers at work
// meanwhile: what a foreign hand writes there is answered, seen by watches and not wiped away at once.
// Source: the descriptions in test/conformance/testdata/conformance.yaml of Kubernetes.
import t from 'tap';
import type { Answer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const live = await LiveCluster.start({ boards: ['one', 'two'] });
t.teardown(() => live.stop());
const { api } = live;

const MERGE = { 'content-type': 'application/merge-patch+json' };
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
type Any = any;

const template = (labels: object) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
});

const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, labels: { test: name } },
  spec: { selector: { matchLabels: { test: name } }, template: template({ test: name }), ...spec },
});

/** Each with a foreign condition: put there by an update, then patched in. */
const WITH_CONDITIONS: readonly { path: string; body: Any; merge?: boolean }[] = [
  { path: '/apis/apps/v1/namespaces/default/deployments', body: workload('Deployment', 'deployment') },
  { path: '/apis/apps/v1/namespaces/default/replicasets', body: workload('ReplicaSet', 'replicaset') },
  {
    path: '/apis/apps/v1/namespaces/default/statefulsets',
    body: workload('StatefulSet', 'statefulset', { serviceName: 'none' }),
  },
  { path: '/apis/apps/v1/namespaces/default/daemonsets', body: workload('DaemonSet', 'daemonset') },
  {
    path: '/api/v1/namespaces/default/replicationcontrollers',
    body: {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'rc', labels: { test: 'rc' } },
      spec: { replicas: 1, selector: { test: 'rc' }, template: template({ test: 'rc' }) },
    },
  },
  {
    path: '/api/v1/namespaces',
    merge: true,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'status-test', labels: { test: 'ns' } } },
  },
  {
    path: '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    body: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'budget', labels: { test: 'budget' } },
      spec: { minAvailable: 1, selector: { matchLabels: { test: 'deployment' } } },
    },
  },
  {
    path: '/api/v1/namespaces/default/services',
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'service', labels: { test: 'service' } },
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, targetPort: 80 }] },
    },
  },
  {
    path: '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    body: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'scaler', labels: { test: 'scaler' } },
      spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' } },
    },
  },
];

const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  api.ask(method, path, { ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) });

/** As a client that meets a conflict does: reads again, changes again. */
async function update(path: string, change: (object: Any) => void): Promise<Answer> {
  return eventually(async () => {
    const { json } = await ask('GET', path);
    change(json);
    const answer = await ask('PUT', path, json);
    if (answer.code === 409) throw new Error(answer.text);
    return answer;
  });
}

const conditionOf = ({ status }: Any, type: string) =>
  (status?.conditions ?? []).find((condition: Any) => condition.type === type);

for (const { path, body, merge } of WITH_CONDITIONS) {
  t.test(
    `a condition that a stranger writes into the status of a ${body.kind} is told and kept`,
    async (t) => {
      t.equal((await ask('POST', path, body)).code, 201);
      const object = `${path}/${body.metadata.name}`;
      const read = await ask('GET', `${object}/status`);
      t.match(read, { code: 200, json: { kind: body.kind, metadata: { name: body.metadata.name } } });
      const watch = await api.watch(`${path}?watch=1&labelSelector=test=${body.metadata.labels.test}`);
      t.teardown(() => watch.stop());
      const saw = (type: string) =>
        eventually(() => watch.events.some((event) => conditionOf(event.object, type)?.status === 'True'));

      const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const strange = { status: 'True', reason: 'E2E', message: 'Set from a test', lastTransitionTime: now };
      const updated = await update(`${object}/status`, ({ status = {}, ...rest }) => {
        rest.status = status;
      });
      t.equal(updated.code, 200);
      const put = await update(`${object}/status`, (json) => {
        json.status ??= {};
        json.status.conditions = [...(json.status.conditions ?? []), { type: 'StatusUpdate', ...strange }];
      });
      t.match(put, { code: 200 }, put.text);
      t.match(conditionOf(put.json, 'StatusUpdate'), { reason: 'E2E', message: 'Set from a test' });
      await saw('StatusUpdate');

      const patch = {
        metadata: { annotations: { patchedstatus: 'true' } },
        status: { conditions: [{ type: 'StatusPatched', ...strange }] },
      };
      const patched = await ask('PATCH', `${object}/status`, patch, merge ? MERGE : STRATEGIC);
      t.match(patched, { code: 200, json: { metadata: { annotations: { patchedstatus: 'true' } } } });
      t.match(conditionOf(patched.json, 'StatusPatched'), { status: 'True', lastTransitionTime: now });
      await saw('StatusPatched');
    },
  );
}
