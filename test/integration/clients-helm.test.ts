// A chart with a CRD, a hook, a Deployment and a Service through Helm's dialogue: installed, upgraded by patch and by
// server-side apply, rolled back and removed.
import t from 'tap';
import { startClientCluster } from '../support/client-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { HelmReplay, type Manifest } from '../support/helm-replay.ts';
import { deployment } from '../support/kubectl-manifests.ts';

const cluster = await startClientCluster();
t.teardown(() => cluster.stop());
const { get, api } = cluster;
const helm = new HelmReplay(api, 'default', 'shop');
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const services = '/api/v1/namespaces/default/services';
const jobs = '/apis/batch/v1/namespaces/default/jobs';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const shops = '/apis/e.com/v1/namespaces/default/shops';

/** What Helm adds to everything of a release. */
function owned(manifest: object): Manifest {
  const { metadata, ...rest } = manifest as Manifest;
  const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'default' };
  const labels = { ...(metadata.labels as object), 'app.kubernetes.io/managed-by': 'Helm' };
  return { ...rest, metadata: { ...metadata, annotations, labels } } as Manifest;
}

const web = (image: string) => owned(JSON.parse(deployment({ image })));
const service = owned({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }] },
});
const shop = owned({ apiVersion: 'e.com/v1', kind: 'Shop', metadata: { name: 'corner' }, spec: { size: 3 } });
const hook = owned({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'migrate' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'e.com/ends' }] } },
  },
});
const definition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'shops.e.com' },
  spec: {
    group: 'e.com',
    scope: 'Namespaced',
    names: { plural: 'shops', singular: 'shop', kind: 'Shop' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
          },
        },
      },
    ],
  },
};

/** What `--wait` waits for: every pod is of the newest revision and available. */
async function rolledOut(image: string): Promise<void> {
  await eventually(async () => {
    const { metadata, spec, status } = await get(`${deployments}/web`);
    const isNew =
      status.observedGeneration === metadata.generation && status.updatedReplicas === spec.replicas;
    return isNew && status.availableReplicas === spec.replicas && status.replicas === spec.replicas;
  }, 20_000);
  t.equal((await get(`${deployments}/web`)).spec.template.spec.containers[0].image, image);
}

await eventually(() => get('/api/v1/namespaces/default/serviceaccounts/default'));

t.test('install: CRD first, then the hook, then the rest, waited for', async (t) => {
  t.strictSame(await helm.history(), [], 'the name is free');
  t.ok((await helm.discover()).includes('apps/v1/deployments'));
  await helm.create(definitions, definition);
  await eventually(async () => {
    const { conditions = [] } = (await get(`${definitions}/shops.e.com`)).status ?? {};
    return conditions.some(
      (c: { type: string; status: string }) => c.type === 'Established' && c.status === 'True',
    );
  });
  t.ok((await helm.discover()).includes('e.com/v1/shops'), 'the new kind is found at once');
  t.ok((await helm.schemaOf('apis/apps/v1'))['io.k8s.api.apps.v1.Deployment']);
  await helm.record(1, 'pending-install');
  await t.rejects(helm.record(1, 'pending-install'), /409/, 'two installs at once');
  await helm.hook(jobs, hook);
  await helm.create(services, service);
  await helm.create(deployments, web('e.com/web:1'));
  await helm.create(shops, shop);
  await rolledOut('e.com/web:1');
  await helm.mark(1, 'deployed');
  t.strictSame(await helm.history('deployed'), ['1 deployed']);
  const secret = await get('/api/v1/namespaces/default/secrets/sh.helm.release.v1.shop.v1');
  t.match(secret, {
    type: 'helm.sh/release.v1',
    metadata: { labels: { owner: 'helm', status: 'deployed' } },
  });
  const release = Buffer.from(Buffer.from(secret.data.release, 'base64').toString(), 'base64').toString();
  t.strictSame(JSON.parse(release), { name: 'shop', version: 1, info: { status: 'deployed' } });
});

t.test('upgrade as Helm 3: patches against what is there', async (t) => {
  await helm.record(2, 'pending-upgrade');
  const containers = [{ name: 'main', image: 'e.com/web:2' }];
  await helm.patch(`${deployments}/web`, 'strategic-merge', { spec: { template: { spec: { containers } } } });
  await helm.patch(`${shops}/corner`, 'merge', { spec: { size: 4 } });
  await rolledOut('e.com/web:2');
  const [container] = (await get(`${deployments}/web`)).spec.template.spec.containers;
  t.match(container, { env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80 }] }, 'the rest stays');
  t.equal((await get(`${shops}/corner`)).spec.size, 4);
  await helm.mark(1, 'superseded');
  await helm.mark(2, 'deployed');
  t.strictSame(await helm.history(), ['1 superseded', '2 deployed']);
});

t.test('upgrade as Helm 4: a dry run, then server-side apply', async (t) => {
  await helm.record(3, 'pending-upgrade');
  const next = web('e.com/web:3');
  const planned = helm.apply(deployments, next, { dryRun: true });
  // Helm 3 owns the image by an Update: that is a conflict, until the entry becomes one of Apply.
  await t.rejects(planned, /409.*conflict with \\"helm\\"/s);
  const { managedFields, resourceVersion } = (await get(`${deployments}/web`)).metadata;
  const moved = managedFields.map((entry: { manager: string }) =>
    entry.manager === 'helm' ? { ...entry, operation: 'Apply' } : entry,
  );
  await helm.patch(`${deployments}/web`, 'json', [
    { op: 'replace', path: '/metadata/managedFields', value: moved },
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
  ]);
  await helm.apply(deployments, next, { dryRun: true });
  t.equal((await get(`${deployments}/web`)).spec.template.spec.containers[0].image, 'e.com/web:2');
  await helm.apply(deployments, next);
  await rolledOut('e.com/web:3');
  await helm.mark(2, 'superseded');
  await helm.mark(3, 'deployed');
});

t.test('rollback brings back an older revision as a new one', async (t) => {
  await helm.record(4, 'pending-rollback');
  await helm.apply(deployments, web('e.com/web:1'));
  await rolledOut('e.com/web:1');
  await helm.mark(3, 'superseded');
  await helm.mark(4, 'deployed');
  t.strictSame(await helm.history('deployed'), ['4 deployed']);
});

t.test('uninstall takes all but the CRD', async (t) => {
  await helm.mark(4, 'uninstalling');
  for (const path of [`${services}/web`, `${deployments}/web`, `${shops}/corner`]) await helm.delete(path);
  for (const version of [1, 2, 3, 4]) await helm.forget(version);
  t.strictSame(await helm.history(), []);
  await eventually(async () => {
    const { items } = await get('/api/v1/namespaces/default/pods');
    return items.length === 0;
  }, 20_000);
  t.strictSame((await get('/apis/apps/v1/namespaces/default/replicasets')).items, []);
  t.equal((await api.ask('GET', `${services}/web`)).code, 404);
  t.equal((await api.ask('GET', `${definitions}/shops.e.com`)).code, 200);
});
