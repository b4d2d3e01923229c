// One stored object, several served versions: every verb answers in the version that was asked for.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const merge = { 'content-type': 'application/merge-patch+json' };
const at = (groupVersion: string, plural: string) => `/apis/${groupVersion}/namespaces/default/${plural}`;

const cronJob = (apiVersion: string, name: string) => ({
  apiVersion,
  kind: 'CronJob',
  metadata: { name },
  spec: {
    schedule: '*/5 * * * *',
    jobTemplate: {
      spec: {
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } },
      },
    },
  },
});

t.test('batch/v1beta1 is batch/v1 under another name', async (t) => {
  const beta = at('batch/v1beta1', 'cronjobs');
  const stable = at('batch/v1', 'cronjobs');
  const watch = await api.watch(`${beta}?watch=1`);
  t.teardown(() => watch.stop());
  const created = await api.ask('POST', beta, { body: cronJob('batch/v1beta1', 'old') });
  t.match(created, {
    code: 201,
    json: { apiVersion: 'batch/v1beta1', spec: { concurrencyPolicy: 'Allow' } },
  });
  await api.ask('POST', stable, { body: cronJob('batch/v1', 'new') });
  await eventually(() => watch.events.length === 2);
  t.match(watch.events, [
    { object: { apiVersion: 'batch/v1beta1' } },
    { object: { apiVersion: 'batch/v1beta1' } },
  ]);
  t.match((await api.ask('GET', `${stable}/old`)).json, { apiVersion: 'batch/v1' });
  t.match((await api.ask('GET', beta)).json, {
    kind: 'CronJobList',
    apiVersion: 'batch/v1beta1',
    items: { length: 2 },
  });
  const body = { spec: { suspend: true } };
  const patched = await api.ask('PATCH', `${beta}/new`, { body, headers: merge });
  t.match(patched.json, { apiVersion: 'batch/v1beta1', spec: { suspend: true } });
  const wrong = await api.ask('POST', beta, { body: cronJob('batch/v1', 'x') });
  t.match(wrong, { code: 400, json: { message: /does not match the expected API version/ } });
  t.equal((await api.ask('DELETE', `${beta}/new`)).code, 200);
  t.equal((await api.ask('GET', `${stable}/new`)).code, 404);
  const { json } = await api.ask('GET', beta, { headers: TABLE });
  t.match(json.rows, [{ cells: ['old', '*/5 * * * *'] }]);
});

t.test('a HorizontalPodAutoscaler of v1 is one of v2', async (t) => {
  const first = at('autoscaling/v1', 'horizontalpodautoscalers');
  const second = at('autoscaling/v2', 'horizontalpodautoscalers');
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const spec = { scaleTargetRef: target, maxReplicas: 5, targetCPUUtilizationPercentage: 60 };
  const body = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec,
  };
  const created = await api.ask('POST', first, { body });
  t.match(created, { code: 201, json: { apiVersion: 'autoscaling/v1', spec: { ...spec, minReplicas: 1 } } });
  t.match((await api.ask('GET', `${second}/web`)).json, {
    apiVersion: 'autoscaling/v2',
    spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 60 } } }] },
  });
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  };
  await api.ask('PATCH', `${second}/web`, { body: { spec: { metrics: [memory] } }, headers: merge });
  const { json } = await api.ask('GET', `${first}/web`);
  t.match(json.metadata.annotations, { 'autoscaling.alpha.kubernetes.io/metrics': /"memory"/ });
  const put = await api.ask('PUT', `${first}/web`, {
    body: { ...json, spec: { ...json.spec, maxReplicas: 7 } },
  });
  t.equal(put.code, 200);
  t.match((await api.ask('GET', `${second}/web`)).json, { spec: { maxReplicas: 7, metrics: [memory] } });
});

t.test('events.k8s.io and core show the same Events, each with its own field selectors', async (t) => {
  const newer = at('events.k8s.io/v1', 'events');
  const older = '/api/v1/namespaces/default/events';
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'e1' },
    eventTime: '2024-01-01T00:00:00.000000Z',
    reportingController: 'example.com/me',
    reportingInstance: 'me-1',
    action: 'Do',
    reason: 'Done',
    regarding: { kind: 'Pod', name: 'a', namespace: 'default' },
    note: 'it is done',
    type: 'Normal',
  };
  t.match(await api.ask('POST', newer, { body: event }), { code: 201, json: event });
  t.match((await api.ask('GET', `${older}/e1`)).json, {
    apiVersion: 'v1',
    involvedObject: { name: 'a' },
    message: 'it is done',
    reportingComponent: 'example.com/me',
  });
  const found = await api.ask(
    'GET',
    `${newer}?fieldSelector=regarding.name=a,reportingController=example.com/me`,
  );
  t.match(found.json, { apiVersion: 'events.k8s.io/v1', items: [{ note: 'it is done' }] });
  t.match(await api.ask('GET', `${older}?fieldSelector=involvedObject.name=b`), {
    json: { items: { length: 0 } },
  });
  t.equal((await api.ask('GET', `${newer}?fieldSelector=involvedObject.name=a`)).code, 400);
  const patched = await api.ask('PATCH', `${newer}/e1`, {
    body: { series: { count: 2, lastObservedTime: '2024-01-01T00:00:01.000000Z' } },
    headers: merge,
  });
  t.match(patched.json, { series: { count: 2 }, note: 'it is done' });
});

t.test('discovery names the preferred version first, and every version', async (t) => {
  const { json } = await api.ask('GET', '/apis/autoscaling');
  t.match(json, {
    preferredVersion: { version: 'v2' },
    versions: [{ version: 'v2' }, { version: 'v1' }],
  });
  const { json: beta } = await api.ask('GET', '/apis/batch/v1beta1');
  t.match(beta.resources, [{ name: 'cronjobs' }, { name: 'cronjobs/status' }]);
  t.equal((await api.ask('GET', '/openapi/v3/apis/batch/v1beta1')).code, 200);
});

t.test('an Eviction of either version deletes a pod, unless a budget forbids it', async (t) => {
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (name: string) => ({
    metadata: { name, labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'a', image: 'b' }] },
  });
  const evict = (name: string, apiVersion: string, query = '') =>
    api.ask('POST', `${pods}/${name}/eviction${query}`, {
      body: { apiVersion, kind: 'Eviction', metadata: { name } },
    });
  const run = async (name: string) => {
    await api.ask('POST', pods, { body: pod(name) });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await api.ask('PATCH', `${pods}/${name}/status`, { body: { status }, headers: merge });
  };
  for (const name of ['a', 'b', 'c']) await run(name);
  t.match(await evict('a', 'policy/v1beta1'), { code: 201, json: { kind: 'Status', status: 'Success' } });
  t.match((await api.ask('GET', `${pods}/a`)).json.metadata, { deletionGracePeriodSeconds: 30 });
  const budgets = at('policy/v1', 'poddisruptionbudgets');
  await api.ask('POST', budgets, {
    body: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    },
  });
  const early = await evict('b', 'policy/v1');
  t.match(early, {
    code: 429,
    json: { details: { retryAfterSeconds: 10, causes: [{ reason: 'DisruptionBudget' }] } },
  });
  t.equal(early.headers['retry-after'], '10');
  const counts = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
  const status = { observedGeneration: 1, ...counts };
  await api.ask('PATCH', `${budgets}/web/status`, { body: { status }, headers: merge });
  t.equal((await evict('b', 'policy/v1', '?dryRun=All')).code, 201);
  t.match(await Promise.all([evict('b', 'policy/v1'), evict('c', 'policy/v1')]), [
    { code: 201 },
    { code: 429 },
  ]);
  t.match((await api.ask('GET', `${budgets}/web`)).json.status, {
    disruptionsAllowed: 0,
    disruptedPods: { b: String },
  });
  t.equal((await evict('none', 'policy/v1')).code, 404);
});
