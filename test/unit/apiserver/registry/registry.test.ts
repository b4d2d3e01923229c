// The registry on a store in memory: what each verb promises beyond the client's contract.
import t, { type Test } from 'tap';
import { configMaps } from '../../../../src/api/kinds/config-map.ts';
import { events } from '../../../../src/api/kinds/event.ts';
import { namespaces } from '../../../../src/api/kinds/namespace.ts';
import { nodes } from '../../../../src/api/kinds/node.ts';
import { pods } from '../../../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../../../src/api/kinds/replication-controller.ts';
import type { ConfigMap, Event, Pod, ReplicationController } from '../../../../src/api/objects.ts';
import type { Client, NewObject } from '../../../../src/client/client.ts';
import { memoryCluster } from '../../../support/memory-cluster.ts';

const configMap = (name: string, rest: object = {}): NewObject<ConfigMap> =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...rest } }) as never;
const rc: NewObject<ReplicationController> = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 1,
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
  },
};
const pod = (spec: object = {}): NewObject<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'one', namespace: 'default' },
  spec: { containers: [{ name: 'a', image: 'a:1' }], ...spec },
});

function test(
  name: string,
  body: (t: Test, client: Client, advance: (ms: number) => Promise<void>) => Promise<void>,
) {
  t.test(name, async (t) => {
    const cluster = await memoryCluster();
    t.teardown(() => cluster.stop());
    await body(t, cluster.client, (ms) => cluster.clock.advance(ms));
  });
}

test('what a client says of server-made metadata does not count', async (t, client) => {
  const lies = {
    uid: 'mine',
    creationTimestamp: '1999-01-01T00:00:00Z',
    deletionTimestamp: '1999-01-01T00:00:00Z',
  };
  const made = await client.create(configMaps, configMap('a', lies));
  t.not(made.metadata.uid, 'mine');
  t.equal(made.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  t.equal(made.metadata.deletionTimestamp, undefined);
  const changed = {
    ...made,
    metadata: { ...made.metadata, deletionTimestamp: '1999-01-01T00:00:00Z', generation: 9 },
  };
  t.same(await client.update(configMaps, changed as ConfigMap), made);
});

test('a write that changes nothing draws no revision', async (t, client) => {
  const made = await client.create(configMaps, configMap('a'));
  t.equal((await client.update(configMaps, made)).metadata.resourceVersion, made.metadata.resourceVersion);
  const { resourceVersion } = await client.list(configMaps);
  await client.patch(configMaps, 'default/a', { type: 'merge', body: {} });
  t.equal((await client.list(configMaps)).resourceVersion, resourceVersion);
});

test('the generation counts changes of the spec only', async (t, client) => {
  const made = await client.create(replicationControllers, rc);
  t.equal(made.metadata.generation, 1);
  const labelled = await client.patch(replicationControllers, 'default/web', {
    type: 'merge',
    body: { metadata: { labels: { a: 'b' } } },
  });
  t.equal(labelled.metadata.generation, 1);
  const status = { ...labelled, status: { replicas: 1 } };
  t.equal((await client.updateStatus(replicationControllers, status)).metadata.generation, 1);
  const scaled = await client.patch(
    replicationControllers,
    'default/web',
    { type: 'merge', body: { spec: { replicas: 3 } } },
    'scale',
  );
  t.match(scaled, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 3 },
    status: { selector: 'app=web' },
  });
  const after = await client.get(replicationControllers, 'default/web');
  t.match(after, { metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 1 } });
});

test('a status write leaves the spec alone, a main write the status', async (t, client) => {
  const made = await client.create(replicationControllers, { ...rc, status: { replicas: 7 } } as never);
  t.not(made.status?.replicas, 7, 'nor does create take a status');
  const both = { ...made, spec: { ...made.spec, replicas: 5 }, status: { replicas: 2 } };
  t.match(await client.updateStatus(replicationControllers, both), {
    spec: { replicas: 1 },
    status: { replicas: 2 },
  });
  const main = {
    ...made,
    metadata: { ...made.metadata, resourceVersion: '' },
    spec: { ...made.spec, replicas: 6 },
    status: { replicas: 9 },
  };
  t.match(await client.update(replicationControllers, main), {
    spec: { replicas: 6 },
    status: { replicas: 2 },
  });
});

test('pods are born Pending, with their class and a short patience for lost boards', async (t, client) => {
  const own = [
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
  ];
  const made = await client.create(pods, pod({ tolerations: own }));
  t.match(made.status, { phase: 'Pending', qosClass: 'BestEffort' });
  t.same(
    made.spec.tolerations?.map(({ key, tolerationSeconds }) => `${key} ${tolerationSeconds}`),
    ['node.kubernetes.io/unreachable 60', 'node.kubernetes.io/not-ready 5'],
  );
});

test('binding says so in the conditions and is refused for a pod that goes', async (t, client) => {
  await client.create(pods, pod());
  await client.bind('default/one', 'a');
  const got = await client.get(pods, 'default/one');
  t.match(got.status?.conditions, [{ type: 'PodScheduled', status: 'True' }]);
  await client.delete(pods as never, 'default/one');
  await t.rejects(client.bind('default/one', 'a'), { reason: 'Conflict', message: /is being deleted/ });
});

test('the last finalizer taken removes an object, new ones are refused while it goes', async (t, client) => {
  await client.create(configMaps, configMap('a', { finalizers: ['example.com/a'] }));
  await client.delete(configMaps as never, 'default/a');
  const finalizers = (list: string[]) =>
    client.patch(configMaps, 'default/a', { type: 'merge', body: { metadata: { finalizers: list } } });
  await t.rejects(finalizers(['example.com/a', 'example.com/b']), { reason: 'Invalid', code: 422 });
  await finalizers([]);
  await t.rejects(client.get(configMaps, 'default/a'), { reason: 'NotFound', code: 404 });
});

test('nothing is made in a namespace that goes, from the moment that is decided', async (t, client) => {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
  const made = { ...configMap('a'), metadata: { name: 'a', namespace: 'ns' } };
  const gone = client.delete(namespaces as never, 'ns');
  const late = client.create(configMaps, made as NewObject<ConfigMap>);
  await t.rejects(late, {
    code: 403,
    reason: 'Forbidden',
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
  });
  await gone;
  const going = await client.get(namespaces, 'ns');
  t.match(going, { status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
  await client.update(namespaces, { ...going, spec: { finalizers: [] } });
  t.ok(await client.get(namespaces, 'ns'), 'a plain update does not take the finalizer');
  await client.finalizeNamespace({
    ...going,
    metadata: { ...going.metadata, resourceVersion: '' },
    spec: { finalizers: [] },
  });
  await t.rejects(client.create(configMaps, made as NewObject<ConfigMap>), { reason: 'NotFound', code: 404 });
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
  t.ok(await client.create(configMaps, made as NewObject<ConfigMap>), 'made again, it is open again');
});

test('the namespaces that every cluster needs may not be deleted', async (t, client) => {
  await t.rejects(client.delete(namespaces as never, 'default'), {
    code: 403,
    message: /may not be deleted/,
  });
});

test('events are gone an hour after their last write', async (t, client, advance) => {
  const event = (name: string): NewObject<Event> => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { namespace: 'default' },
  });
  await client.create(events, event('old'));
  const kept = await client.create(events, event('kept'));
  await advance(1_800_000);
  await client.update(events, { ...kept, count: 2 });
  await advance(1_900_000);
  t.same(
    (await client.list(events)).items.map(({ metadata }) => metadata.name),
    ['kept'],
  );
  await advance(1_900_000);
  t.same((await client.list(events)).items, []);
});

test('an Event costs one object however often it is written, and the number of them is bounded', async (t, client) => {
  await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, spec: {} });
  const made = Array.from({ length: 5_050 }, (_, i) =>
    client.create(events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `e${i}`, namespace: 'default' },
      involvedObject: { namespace: 'default' },
    }),
  );
  await Promise.all(made);
  const { items } = await client.list(events);
  t.ok(items.length <= 5_000, `${items.length} are kept`);
  t.ok(items.some(({ metadata }) => metadata.name === 'e5049'));
  t.notOk(items.some(({ metadata }) => metadata.name === 'e0'));
});
