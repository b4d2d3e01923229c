// What every Client promises, in process or over HTTP: one suite, so that neither can drift from the other.
import type { Test } from 'tap';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import type { ConfigMap, Pod } from '../../src/api/objects.ts';
import { isAlreadyExists, isConflict, isNotFound, StatusError } from '../../src/api/status-error.ts';
import type { Client, NewObject, WatchEvent } from '../../src/client/client.ts';
import { eventually } from './eventually.ts';
import { reasonOf } from './reason-of.ts';

export interface ClientUnderTest {
  /** Against a server that has the namespace `default`. */
  client: Client;
  stop(): Promise<void>;
}

const configMap = (name: string, data: Record<string, string> = {}): NewObject<ConfigMap> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

const pod = (name: string): NewObject<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'example.com/main:1' }] },
});

export function clientContract(t: Test, make: () => Promise<ClientUnderTest>): void {
  const test = (name: string, body: (t: Test, client: Client) => Promise<void>) =>
    t.test(name, async (t) => {
      const { client, stop } = await make();
      t.teardown(stop);
      await body(t, client);
    });

  test('what is created comes back with uid, revision and its own kind', async (t, client) => {
    const created = await client.create(configMaps, configMap('one', { a: '1' }));
    t.ok(created.metadata.uid);
    t.match(created.metadata.resourceVersion, /^\d+$/);
    const read = await client.get(configMaps, 'default/one');
    t.same(read, created);
    t.match(read, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
  });

  test('a generated name begins as asked and differs each time', async (t, client) => {
    const wanted = { ...configMap(''), metadata: { generateName: 'made-', namespace: 'default' } };
    const names = await Promise.all([1, 2].map(() => client.create(configMaps, wanted)));
    for (const { metadata } of names) t.match(metadata.name, /^made-[a-z0-9]{5}$/);
    t.not(names[0]?.metadata.name, names[1]?.metadata.name);
  });

  test('errors are StatusErrors with the reason of Kubernetes', async (t, client) => {
    await client.create(configMaps, configMap('one'));
    t.equal(await reasonOf(client.get(configMaps, 'default/none')), 'NotFound');
    const again = await client.create(configMaps, configMap('one')).catch((error: unknown) => error);
    t.ok(again instanceof StatusError);
    t.ok(isAlreadyExists(again));
    const gone = await client.delete(configMaps as never, 'default/none').catch((error: unknown) => error);
    t.ok(isNotFound(gone));
  });

  test('a list has the namespace asked for, each item with its kind, and a revision to watch from', async (t, client) => {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    await client.create(configMaps, configMap('one'));
    const elsewhere = { ...configMap('two'), metadata: { name: 'two', namespace: 'other' } };
    const last = await client.create(configMaps, elsewhere);
    const all = await client.list(configMaps);
    t.same(all.items.map(({ metadata }) => metadata.name).sort(), ['one', 'two']);
    t.ok(Number(all.resourceVersion) >= Number(last.metadata.resourceVersion));
    const some = await client.list(configMaps, { namespace: 'other' });
    t.match(some.items, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'two' } }]);
    t.equal(some.items.length, 1);
  });

  test('selectors choose by label and by field', async (t, client) => {
    const labelled = {
      ...configMap('red'),
      metadata: { ...configMap('red').metadata, labels: { c: 'red' } },
    };
    await client.create(configMaps, labelled as NewObject<ConfigMap>);
    await client.create(configMaps, configMap('plain'));
    const names = async (options: object) =>
      (await client.list(configMaps, { namespace: 'default', ...options })).items.map((i) => i.metadata.name);
    t.same(await names({ labelSelector: 'c in (red,blue)' }), ['red']);
    t.same(await names({ fieldSelector: 'metadata.name=plain' }), ['plain']);
    t.equal(await reasonOf(names({ labelSelector: 'c in (' })), 'BadRequest');
  });

  test('an update with a stale revision conflicts, without one it does not', async (t, client) => {
    const first = await client.create(configMaps, configMap('one', { a: '1' }));
    const second = await client.update(configMaps, { ...first, data: { a: '2' } });
    const stale = await client.update(configMaps, { ...first, data: { a: '3' } }).catch((e: unknown) => e);
    t.ok(isConflict(stale));
    const { resourceVersion, ...metadata } = second.metadata;
    const forced = await client.update(configMaps, {
      ...second,
      metadata,
      data: { a: '4' },
    } as unknown as ConfigMap);
    t.same(forced.data, { a: '4' });
    t.ok(Number(forced.metadata.resourceVersion) > Number(resourceVersion));
  });

  test('a patch of each type changes only what it names', async (t, client) => {
    await client.create(configMaps, configMap('one', { a: '1', b: '2' }));
    const patched = await client.patch(configMaps, 'default/one', {
      type: 'merge',
      body: { data: { b: null } },
    });
    t.same(patched.data, { a: '1' });
    const body = [{ op: 'add', path: '/data/c', value: '3' }];
    t.same((await client.patch(configMaps, 'default/one', { type: 'json', body })).data, { a: '1', c: '3' });
    const strategic = { type: 'strategic', body: { data: { a: '5' } } } as const;
    t.same((await client.patch(configMaps, 'default/one', strategic)).data, { a: '5', c: '3' });
    const wrong = { type: 'merge', body: { metadata: { resourceVersion: '1' } } } as const;
    t.equal(await reasonOf(client.patch(configMaps, 'default/one', wrong)), 'Conflict');
  });

  test('status and the rest are written apart', async (t, client) => {
    const created = await client.create(pods, pod('one'));
    const status = { ...created.status, phase: 'Running' };
    const written = await client.updateStatus(pods, {
      ...created,
      metadata: { ...created.metadata },
      status,
    });
    t.equal(written.status?.phase, 'Running');
    const labelled = { ...written, metadata: { ...written.metadata, labels: { a: 'b' } }, status: {} };
    t.equal((await client.update(pods, labelled)).status?.phase, 'Running');
    const condition = { type: 'Ready', status: 'True' };
    const patch = { type: 'strategic', body: { status: { conditions: [condition] } } } as const;
    const patched = await client.patch(pods, 'default/one', patch, 'status');
    t.match(patched.status?.conditions, [condition]);
  });

  test('a pod is bound once', async (t, client) => {
    await client.create(pods, pod('one'));
    await client.bind('default/one', 'board');
    t.equal((await client.get(pods, 'default/one')).spec.nodeName, 'board');
    t.equal(await reasonOf(client.bind('default/one', 'other')), 'Conflict');
    t.equal(await reasonOf(client.bind('default/none', 'board')), 'NotFound');
  });

  test('a bound pod is deleted with grace, then at once', async (t, client) => {
    await client.create(pods, pod('one'));
    await client.bind('default/one', 'board');
    await client.delete(pods as never, 'default/one', { gracePeriodSeconds: 7 });
    const going = await client.get(pods, 'default/one');
    t.equal(going.metadata.deletionGracePeriodSeconds, 7);
    t.equal(
      await reasonOf(
        client.delete(pods as never, 'default/one', {
          gracePeriodSeconds: 0,
          preconditions: { uid: 'another' },
        }),
      ),
      'Conflict',
    );
    const preconditions = { uid: going.metadata.uid };
    await client.delete(pods as never, 'default/one', { gracePeriodSeconds: 0, preconditions });
    t.equal(await reasonOf(client.get(pods, 'default/one')), 'NotFound');
  });

  test('a watch gives everything after its revision, in order, deletions with a newer one', async (t, client) => {
    const first = await client.create(configMaps, configMap('one'));
    const { resourceVersion } = await client.list(configMaps, { namespace: 'default' });
    const watch = follow(client, { resourceVersion, namespace: 'default' });
    t.teardown(watch.stop);
    await client.update(configMaps, { ...first, data: { a: '1' } });
    await client.create(configMaps, configMap('two'));
    await client.delete(configMaps as never, 'default/one');
    await eventually(() => watch.events.length >= 3);
    const seen = watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`);
    t.same(seen, ['MODIFIED one', 'ADDED two', 'DELETED one']);
    const revisions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
    t.same(
      revisions,
      [...new Set(revisions)].sort((a, b) => a - b),
    );
  });

  test('a watch without a revision begins with all there is', async (t, client) => {
    await client.create(configMaps, configMap('one'));
    const watch = follow(client, { namespace: 'default' });
    t.teardown(watch.stop);
    await eventually(() => watch.events.length >= 1);
    t.match(watch.events[0], { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'one' } } });
  });

  test('a watch ends without an error when its signal says so', async (t, client) => {
    const watch = follow(client, { namespace: 'default' });
    await client.create(configMaps, configMap('one'));
    await eventually(() => watch.events.length >= 1);
    await watch.stop();
    t.equal(watch.error(), undefined);
  });

  test('a watch by label sees an object enter as added and leave as deleted', async (t, client) => {
    const { resourceVersion } = await client.list(configMaps);
    const watch = follow(client, { resourceVersion, labelSelector: 'c=red' });
    t.teardown(watch.stop);
    await client.create(configMaps, configMap('one'));
    const label = (c: string | null) =>
      client.patch(configMaps, 'default/one', { type: 'merge', body: { metadata: { labels: { c } } } });
    await label('red');
    await label(null);
    await eventually(() => watch.events.length >= 2);
    t.same(
      watch.events.map(({ type }) => type),
      ['ADDED', 'DELETED'],
    );
  });

  test('cluster-scoped objects have keys without a namespace', async (t, client) => {
    await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'board' }, spec: {} });
    t.equal((await client.get(nodes, 'board')).metadata.name, 'board');
    await client.delete(nodes as never, 'board');
    t.equal(await reasonOf(client.get(nodes, 'board')), 'NotFound');
  });

  test('a namespace goes when its last finalizer is taken', async (t, client) => {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gone' } });
    await client.delete(namespaces as never, 'gone');
    const going = await client.get(namespaces, 'gone');
    t.equal(going.status?.phase, 'Terminating');
    await client.finalizeNamespace({ ...going, spec: { finalizers: [] } });
    t.equal(await reasonOf(client.get(namespaces, 'gone')), 'NotFound');
  });
}

function follow(client: Client, options: object) {
  const abort = new AbortController();
  const events: WatchEvent<ConfigMap>[] = [];
  let failure: unknown;
  const loop = (async () => {
    try {
      for await (const event of client.watch(configMaps, { ...options, signal: abort.signal })) {
        if (event.type !== 'BOOKMARK') events.push(event);
      }
    } catch (error) {
      failure = error;
    }
  })();
  const stop = () => {
    abort.abort();
    return loop;
  };
  return { events, stop, error: () => failure };
}
