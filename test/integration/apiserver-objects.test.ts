// Objects over HTTPS: what clients decide by (codes, lists, tables, discovery), and what is there from the start.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const NS = '/api/v1/namespaces/default';
const rc = {
  metadata: { name: 'web' },
  spec: {
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
  },
};
const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'a', image: 'a:1' }] } });
const merge = { 'content-type': 'application/merge-patch+json' };
const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io';

t.test(
  'the namespaces and the Service of the API are there from the start, and stay as they are',
  async (t) => {
    const { json } = await api.ask('GET', '/api/v1/namespaces');
    const names = json.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    t.same(names, ['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    const service = await api.ask('GET', `${NS}/services/kubernetes`);
    t.match(service.json.spec, {
      clusterIP: '10.48.0.1',
      ports: [{ port: 443, targetPort: api.server.port }],
    });
    const endpoints = await api.ask('GET', `${NS}/endpoints/kubernetes`);
    t.match(endpoints.json.subsets, [
      { addresses: [{ ip: '192.0.2.10' }], ports: [{ port: api.server.port, name: 'https' }] },
    ]);
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    const slice = await api.ask('GET', `${slices}?labelSelector=kubernetes.io/service-name=kubernetes`);
    t.match(slice.json.items, [
      { endpoints: [{ addresses: ['192.0.2.10'] }], ports: [{ port: api.server.port, name: 'https' }] },
    ]);
  },
);

t.test('started again it writes nothing but a port that changed', async (t) => {
  const other = await startApiServer();
  t.teardown(() => other.stop());
  const before = other.store.revision;
  await other.server.stop();
  await other.server.start();
  const { json } = await other.ask('GET', `${NS}/endpoints/kubernetes`);
  t.equal(json.subsets[0].ports[0].port, other.server.port);
  t.ok(other.store.revision - before <= 3, 'the Service, its Endpoints and their slice');
});

t.test('created is 201, read, replaced and patched 200', async (t) => {
  const path = `${NS}/replicationcontrollers`;
  const made = await api.ask('POST', path, { body: rc });
  t.equal(made.code, 201);
  t.match(made.json, {
    kind: 'ReplicationController',
    apiVersion: 'v1',
    metadata: { generation: 1, namespace: 'default' },
  });
  t.equal((await api.ask('PUT', `${path}/web`, { body: rc })).code, 200);
  t.equal((await api.ask('PATCH', `${path}/web`, { body: {}, headers: merge })).code, 200);
});

t.test('scale is read, put and patched', async (t) => {
  const path = `${NS}/replicationcontrollers/web/scale`;
  const { json: scale } = await api.ask('GET', path);
  t.match(scale, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 1 },
    status: { selector: 'app=web' },
  });
  const put = await api.ask('PUT', path, { body: { ...scale, spec: { replicas: 4 } } });
  t.match(put.json, { kind: 'Scale', spec: { replicas: 4 } });
  const stale = await api.ask('PUT', path, { body: { ...scale, spec: { replicas: 9 } } });
  t.equal(stale.code, 409);
  const patched = await api.ask('PATCH', path, { body: { spec: { replicas: 2 } }, headers: merge });
  t.match(patched.json, { kind: 'Scale', spec: { replicas: 2 } });
  t.equal((await api.ask('PATCH', path, { body: { spec: { replicas: -1 } }, headers: merge })).code, 422);
  t.equal((await api.ask('GET', `${NS}/replicationcontrollers/web`)).json.spec.replicas, 2);
  t.equal((await api.ask('GET', `${NS}/configmaps/x/scale`)).code, 404);
});

t.test('a raw DELETE of a ReplicationController waits for its pods to be orphaned', async (t) => {
  const { code, json } = await api.ask('DELETE', `${NS}/replicationcontrollers/web`);
  t.equal(code, 200);
  t.same(json.metadata.finalizers, ['orphan']);
  t.ok(json.metadata.deletionTimestamp);
  const background = { propagationPolicy: 'Background' };
  const gone = await api.ask('DELETE', `${NS}/replicationcontrollers/web`, { body: background });
  t.match(gone.json, {
    kind: 'Status',
    status: 'Success',
    details: { name: 'web', kind: 'replicationcontrollers' },
  });
  t.equal(gone.json.details.uid, json.metadata.uid);
});

t.test('DELETE takes an empty body with a JSON type, options, and preconditions', async (t) => {
  const headers = { 'content-type': 'application/json' };
  await api.ask('POST', `${NS}/pods`, { body: pod('a') });
  const wrong = await api.ask('DELETE', `${NS}/pods/a`, { body: { preconditions: { uid: 'other' } } });
  t.equal(wrong.code, 409);
  t.equal((await api.ask('DELETE', `${NS}/pods/a?propagationPolicy=Sideways`)).code, 422);
  const both = await api.ask('DELETE', `${NS}/pods/a?propagationPolicy=Orphan&orphanDependents=true`);
  t.match(both, {
    code: 422,
    json: { message: /orphanDependents and deletionPropagation cannot be both set/ },
  });
  t.equal((await api.ask('DELETE', `${NS}/pods/a`, { body: { gracePeriodSeconds: 'x' } })).code, 400);
  t.equal((await api.ask('DELETE', `${NS}/pods/a?dryRun=All`)).code, 200);
  const gone = await api.ask('DELETE', `${NS}/pods/a`, { body: '', headers });
  t.equal(gone.code, 200);
  t.equal(gone.json.kind, 'Pod', 'pods are given back');
  t.equal((await api.ask('GET', `${NS}/pods/a`)).code, 404);
});

t.test('deletecollection removes what is selected', async (t) => {
  const configMap = (name: string, labels: object) => ({ body: { metadata: { name, labels } } });
  await api.ask('POST', `${NS}/configmaps`, configMap('x', { go: 'yes' }));
  await api.ask('POST', `${NS}/configmaps`, configMap('y', { go: 'no' }));
  const gone = await api.ask('DELETE', `${NS}/configmaps?labelSelector=go%3Dyes`);
  t.match(gone.json, { kind: 'ConfigMapList', items: [{ metadata: { name: 'x' } }] });
  const { json } = await api.ask('GET', `${NS}/configmaps`);
  t.match(json.items, [{ metadata: { name: 'y' } }]);
  t.equal((await api.ask('DELETE', '/api/v1/namespaces')).code, 405);
});

t.test('dryRun stores nothing and tells what would be', async (t) => {
  const before = api.store.revision;
  const made = await api.ask('POST', `${NS}/services?dryRun=All`, {
    body: { metadata: { name: 's' }, spec: { ports: [{ port: 1 }] } },
  });
  t.equal(made.code, 201);
  t.ok(made.json.spec.clusterIP);
  const patched = await api.ask('PATCH', `${NS}/configmaps/y?dryRun=All`, {
    body: { data: { a: 'b' } },
    headers: merge,
  });
  t.same(patched.json.data, { a: 'b' });
  t.equal(api.store.revision, before);
});

t.test(
  'lists name their kind and revision; items are never null and carry no kind of their own',
  async (t) => {
    const { json } = await api.ask('GET', `${NS}/events`);
    t.match(json, { kind: 'EventList', apiVersion: 'v1', items: [] });
    t.match(json.metadata.resourceVersion, /^\d+$/);
    const { json: list } = await api.ask('GET', '/api/v1/configmaps');
    t.equal(list.items[0].kind, undefined);
  },
);

t.test('pages hold together', async (t) => {
  for (const name of ['p1', 'p2', 'p3']) await api.ask('POST', `${NS}/pods`, { body: pod(name) });
  const first = (await api.ask('GET', `${NS}/pods?limit=2`)).json;
  t.equal(first.items.length, 2);
  t.equal(first.metadata.remainingItemCount, 1);
  const rest = await api.ask('GET', `${NS}/pods?limit=2&continue=${first.metadata.continue}`);
  t.match(rest.json.items, [{ metadata: { name: 'p3' } }]);
  const future = await api.ask('GET', `${NS}/pods?resourceVersion=99999999`);
  t.match({ code: future.code, ...future.json }, { code: 504, reason: 'Timeout' });
  t.match(future.json.details.causes, [{ reason: 'ResourceVersionTooLarge' }]);
});

t.test('tables have columns with priorities, rows with cells and the metadata', async (t) => {
  const { json } = await api.ask('GET', `${NS}/pods`, { headers: { accept: tableType } });
  t.match(json, { kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  t.match(json.columnDefinitions[0], { name: 'Name', type: 'string', format: 'name', priority: 0 });
  t.ok(json.columnDefinitions.some((column: { priority: number }) => column.priority > 0));
  t.equal(json.rows[0].cells[0], 'p1');
  t.equal(json.rows[0].cells.length, json.columnDefinitions.length);
  t.match(json.rows[0].object, { kind: 'PartialObjectMetadata', metadata: { name: 'p1' } });
  const full = await api.ask('GET', `${NS}/pods/p1?includeObject=Object`, { headers: { accept: tableType } });
  t.equal(full.json.rows[0].object.kind, 'Pod');
  const none = await api.ask('GET', `${NS}/pods?includeObject=None`, { headers: { accept: tableType } });
  t.equal(none.json.rows[0].object, undefined);
  t.equal((await api.ask('GET', `${NS}/pods`, { headers: { accept: 'text/html' } })).code, 406);
});

t.test('metadata alone, for those who need no more', async (t) => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const { json } = await api.ask('GET', `${NS}/pods`, { headers: { accept } });
  t.equal(json.kind, 'PartialObjectMetadataList');
  t.same(Object.keys(json.items[0]).sort(), ['apiVersion', 'kind', 'metadata']);
});

t.test('discovery, legacy and aggregated, names everything a client needs', async (t) => {
  for (const path of ['/api', '/api/', '/apis', '/apis/'])
    t.equal((await api.ask('GET', path)).code, 200, path);
  const { json } = await api.ask('GET', '/api/v1');
  const of = (name: string) => json.resources.find((resource: { name: string }) => resource.name === name);
  t.match(of('pods'), {
    kind: 'Pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    singularName: 'pod',
  });
  t.match(of('replicationcontrollers/scale'), { kind: 'Scale', group: 'autoscaling', version: 'v1' });
  t.ok(of('pods/log'));
  t.notOk(of('namespaces').verbs.includes('deletecollection'));
  for (const v of ['v2', 'v2beta1']) {
    const accept = `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList,application/json`;
    const aggregated = await api.ask('GET', '/api', { headers: { accept } });
    t.equal(
      aggregated.headers['content-type'],
      `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`,
    );
    const { resources } = aggregated.json.items[0].versions[0];
    t.match(
      resources.find((r: { resource: string }) => r.resource === 'pods'),
      {
        responseKind: { kind: 'Pod' },
        scope: 'Namespaced',
        singularResource: 'pod',
      },
    );
  }
  t.equal((await api.ask('GET', '/api/v2')).code, 404);
  t.equal((await api.ask('GET', '/apis/example.com')).code, 404);
});

t.test('OpenAPI v3 describes every kind, v2 is protobuf of the type that old clients can read', async (t) => {
  const { json: index } = await api.ask('GET', '/openapi/v3');
  const { serverRelativeURL } = index.paths['api/v1'];
  const { json } = await api.ask('GET', serverRelativeURL);
  const patch = json.paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch;
  t.match(patch['x-kubernetes-group-version-kind'], { group: '', version: 'v1', kind: 'Pod' });
  const schemas = json.components.schemas;
  t.same(schemas['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind'], [
    { group: '', version: 'v1', kind: 'Pod' },
  ]);
  const references = [...JSON.stringify(json).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  t.same(
    references.filter((name) => !schemas[name as string]),
    [],
    'every reference is there',
  );
});

t.test('OpenAPI v2 is JSON, and protobuf for who asks for that', async (t) => {
  const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const binary = await api.ask('GET', '/openapi/v2', { headers: { accept: protobuf } });
  t.equal(binary.headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  t.ok(binary.text.includes('x-kubernetes-group-version-kind'));
  for (const accept of ['', '*/*', `application/json, ${protobuf}`]) {
    const { json, text } = await api.ask('GET', '/openapi/v2', { headers: accept ? { accept } : {} });
    t.equal(json.swagger, '2.0', accept);
    t.equal(json.paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch.operationId, 'patchPod');
    const { spec, metadata } = json.definitions['io.k8s.api.core.v1.Pod'].properties;
    t.equal(spec.$ref, '#/definitions/io.k8s.api.core.v1.PodSpec');
    t.match(spec.description, /desired behavior of the pod/);
    t.equal(metadata.$ref, '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    const references = [...text.matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name = '']) => name);
    t.same(
      references.filter((name) => !json.definitions[name]),
      [],
      'every reference is there',
    );
  }
});

t.test('no content type means JSON, and unknown parameters are ignored', async (t) => {
  const body = JSON.stringify({ metadata: { name: 'typeless' } });
  t.equal((await api.ask('POST', `${NS}/configmaps?timeout=32s&pretty=true`, { body })).code, 201);
});

t.test('a port that is taken is one clear error', async (t) => {
  await t.rejects(startApiServer({ port: api.server.port }), {
    message: /cannot listen on 127\.0\.0\.1:\d+: another program uses that port/,
  });
});

t.test('CPU and memory of a pod change through its resize alone, and nothing else does there', async (t) => {
  const sized = pod('sized');
  const amounts = (memory: string) => ({ requests: { memory }, limits: { memory } });
  const of = (memory: string) => ({ spec: { containers: [{ name: 'a', resources: amounts(memory) }] } });
  const [container] = sized.spec.containers;
  const spec = { ...sized.spec, containers: [{ ...container, resources: amounts('64Mi') }] };
  t.equal((await api.ask('POST', `${NS}/pods`, { body: { ...sized, spec } })).code, 201);
  const path = `${NS}/pods/sized`;
  const headers = { 'content-type': 'application/strategic-merge-patch+json' };
  t.equal((await api.ask('PATCH', path, { body: of('128Mi'), headers })).code, 422, 'not by the pod itself');
  const body = { ...of('128Mi'), metadata: { labels: { a: 'b' } } };
  const resized = await api.ask('PATCH', `${path}/resize`, { body, headers });
  t.equal(resized.code, 200);
  t.match(resized.json, {
    metadata: { generation: 2 },
    spec: { containers: [{ name: 'a', image: container?.image, resources: amounts('128Mi') }] },
  });
  t.equal(resized.json.metadata.labels, undefined);
  const unlimited = { spec: { containers: [{ name: 'a', resources: { limits: null } }] } };
  t.equal((await api.ask('PATCH', `${path}/resize`, { body: unlimited, headers })).code, 422);
  const ranges = { spec: { limits: [{ type: 'Container', max: { memory: '256Mi' } }] } };
  const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'most' }, ...ranges };
  await api.ask('POST', `${NS}/limitranges`, { body: range });
  const tooMuch = await api.ask('PATCH', `${path}/resize`, { body: of('512Mi'), headers });
  t.equal(tooMuch.code, 403);
  t.match(tooMuch.json.message, /maximum memory usage per Container is 256Mi, but limit is 512Mi/);
  await api.ask('DELETE', `${NS}/limitranges/most`);
});

t.test('an ephemeral container is added through its subresource alone, and never taken away', async (t) => {
  await api.ask('POST', `${NS}/pods`, { body: pod('debugged') });
  const path = `${NS}/pods/debugged`;
  const headers = { 'content-type': 'application/strategic-merge-patch+json' };
  const body = { spec: { ephemeralContainers: [{ name: 'debug', image: 'b:1', targetContainerName: 'a' }] } };
  t.equal((await api.ask('PATCH', path, { body, headers })).code, 422, 'not through the pod itself');
  const added = await api.ask('PATCH', `${path}/ephemeralcontainers`, { body, headers });
  t.equal(added.code, 200);
  t.match(added.json.spec.ephemeralContainers, [{ name: 'debug', terminationMessagePolicy: 'File' }]);
  t.same(added.json.spec.containers.length, 1);
  const gone = { spec: { ephemeralContainers: [{ $patch: 'delete', name: 'debug' }] } };
  t.equal((await api.ask('PATCH', `${path}/ephemeralcontainers`, { body: gone, headers })).code, 422);
  const label = { metadata: { labels: { a: 'b' } } };
  t.equal(
    (await api.ask('PATCH', path, { body: label, headers: merge })).code,
    200,
    'the pod can still be changed',
  );
  const early = { ...pod('early'), spec: { ...pod('early').spec, ...body.spec } };
  t.equal((await api.ask('POST', `${NS}/pods`, { body: early })).code, 422);
});
