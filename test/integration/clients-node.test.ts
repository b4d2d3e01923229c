// The table's row of @kubernetes/client-node: objects, every patch, watch, apply, and the streams of a pod.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1Deployment,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startClientCluster } from '../support/client-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { deployment, pod } from '../support/kubectl-manifests.ts';

const namespace = 'default';
const cluster = await startClientCluster();
t.teardown(() => cluster.stop());
const config = new KubeConfig();
config.loadFromString(
  renderKubeconfig({
    server: cluster.api.url,
    authorityPem: cluster.api.authority.certificatePem,
    client: cluster.api.admin,
  }),
);
const core = config.makeApiClient(CoreV1Api);
const apps = config.makeApiClient(AppsV1Api);
const objects = KubernetesObjectApi.makeApiClient(config);
const stored = (path: string) => cluster.get(`/api/v1/namespaces/${namespace}/${path}`);
const storedWeb = () => cluster.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`);
const web = { namespace, name: 'web' };
await eventually(() => stored('serviceaccounts/default'));

t.test('create, read, list in pages, replace and delete', async (t) => {
  const make = (name: string) =>
    core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, labels: { of: 'node' } }, data: { a: '1' } },
    });
  for (const name of ['one', 'two', 'three']) await make(name);
  await t.rejects(make('one'), { code: 409 });
  const one = await core.readNamespacedConfigMap({ namespace, name: 'one' });
  await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...one, data: { a: '2' } } });
  t.strictSame((await stored('configmaps/one')).data, { a: '2' });
  const stale = core.replaceNamespacedConfigMap({ namespace, name: 'one', body: one });
  await t.rejects(stale, { code: 409 });
  const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=node', limit: 2 });
  t.equal(page.items.length, 2);
  const rest = { namespace, labelSelector: 'of=node', limit: 2, _continue: page.metadata?._continue ?? '' };
  t.strictSame(
    (await core.listNamespacedConfigMap(rest)).items.map(({ metadata }) => metadata?.name),
    ['two'],
  );
  await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
  await t.rejects(core.readNamespacedConfigMap({ namespace, name: 'one' }), { code: 404 });
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'of=node' });
  const left = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=node' });
  t.strictSame(left.items, []);
});

t.test('all four patches', async (t) => {
  await apps.createNamespacedDeployment({ namespace, body: JSON.parse(deployment()) as V1Deployment });
  const patch = (type: string, body: object) =>
    apps.patchNamespacedDeployment({ ...web, body }, setHeaderOptions('Content-Type', type));
  await patch(PatchStrategy.JsonPatch, [{ op: 'replace', path: '/spec/replicas', value: 3 }]);
  t.equal((await storedWeb()).spec.replicas, 3);
  await patch(PatchStrategy.MergePatch, { metadata: { labels: { a: 'b' } } });
  t.match((await storedWeb()).metadata.labels, { a: 'b' });
  const side = { name: 'side', image: 'e.com/side:1' };
  await patch(PatchStrategy.StrategicMergePatch, { spec: { template: { spec: { containers: [side] } } } });
  t.same((await storedWeb()).spec.template.spec.containers.map(({ name }: { name: string }) => name).sort(), [
    'main',
    'side',
  ]);
  const applied = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'applied', namespace },
    data: { a: '1' },
  };
  const apply = (manager: string, data: Record<string, string>, force?: boolean) =>
    objects.patch({ ...applied, data }, undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  await apply('first', { a: '1' });
  await t.rejects(apply('second', { a: '2' }), { code: 409 });
  await apply('second', { a: '2' }, true);
  const { data, metadata } = await stored('configmaps/applied');
  t.strictSame(data, { a: '2' });
  t.match(metadata.managedFields, [{ operation: 'Apply' }]);
});

t.test('objects of any kind by their manifest', async (t) => {
  const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc', namespace } };
  await objects.create({
    ...manifest,
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  } as typeof manifest);
  t.match(await objects.read(manifest), { kind: 'Service', spec: { type: 'ClusterIP' } });
  t.match(
    (await objects.list('v1', 'Service', namespace)).items.map(({ metadata }) => metadata?.name).sort(),
    ['kubernetes', 'svc'],
  );
  await objects.delete(manifest);
  await t.rejects(objects.read(manifest), { code: 404 });
});

t.test('scale, and what a user may do', async (t) => {
  await apps.replaceNamespacedDeploymentScale({
    ...web,
    body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: web, spec: { replicas: 1 } },
  });
  t.equal((await storedWeb()).spec.replicas, 1);
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'delete', resource: 'pods', namespace } } },
  });
  t.equal(review.status?.allowed, true);
});

t.test('watch and informer see what comes and goes', async (t) => {
  const seen: string[] = [];
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const take = (type: string, { metadata }: { metadata: { name: string } }) =>
    seen.push(`${type} ${metadata.name}`);
  const request = await new Watch(config).watch(
    path,
    { fieldSelector: 'metadata.name=seen' },
    take,
    () => undefined,
  );
  const informer = makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
  const told: string[] = [];
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata }) => told.push(`${verb} ${metadata?.name}`));
  }
  await informer.start();
  try {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'seen' } } });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'seen',
      body: { metadata: { name: 'seen' }, data: { a: 'b' } },
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'seen' });
    await eventually(() => seen.length === 3 && told.includes('delete seen'));
    t.strictSame(seen, ['ADDED seen', 'MODIFIED seen', 'DELETED seen']);
    t.strictSame(
      told.filter((line) => line.endsWith(' seen')),
      ['add seen', 'update seen', 'delete seen'],
    );
  } finally {
    request.abort();
    await informer.stop();
  }
});

t.test('logs, exec and port-forward of a pod', async (t) => {
  await core.createNamespacedPod({ namespace, body: JSON.parse(pod()) });
  await eventually(async () => (await stored('pods/one')).status.phase === 'Running');

  const log = new PassThrough();
  await new Log(config).log(namespace, 'one', 'main', log);
  t.equal(await text(log), `${namespace}/one began\nsecond line\n`);

  const [out, err] = [new PassThrough(), new PassThrough()];
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 42'];
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config).exec(namespace, 'one', 'main', command, out, err, null, false, resolve).catch(reject);
  });
  t.match(status, { status: 'Failure', reason: 'NonZeroExitCode' });
  t.match(status.details?.causes, [{ reason: 'ExitCode', message: '42' }]);
  t.equal(out.read()?.toString(), 'out\n');
  t.equal(err.read()?.toString(), 'err\n');

  const http = createServer((request, response) => response.end(`hello from ${request.url}`));
  const local = createTcpServer((socket) => {
    void new PortForward(config).portForward(namespace, 'one', [port], socket, null, socket);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  local.listen(0, '127.0.0.1');
  await once(local, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
    local.close();
  });
  const url = `http://127.0.0.1:${(local.address() as AddressInfo).port}/x`;
  t.equal(await (await fetch(url, { headers: { connection: 'close' } })).text(), 'hello from /x');
});
