// What CustomResourceDefinitions define is there again after a restart, and a deletion goes on where it stopped.
import t, { type Test } from 'tap';
import { customResourceDefinitions } from '../../../src/api/kinds/custom-resource-definition.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import type { KubeObject } from '../../../src/api/objects.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';
import { ServedKinds } from '../../../src/api/served-kinds.ts';
import { newRegistry } from '../../../src/apiserver/registry/new-registry.ts';
import { defaultClusterNetwork } from '../../../src/base/cluster-network.ts';
import { sequence } from '../../../src/base/component.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { LevelStore } from '../../../src/store/level-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { settles } from '../../support/settles.ts';

const definitions = customResourceDefinitions as unknown as KindDefinition;
const NAME = 'widgets.example.com';

async function setUp(t: Test) {
  const store = new LevelStore({ engine: new MemoryEngine(), onFatal: (error) => t.fail(error) });
  await store.start();
  t.teardown(() => store.stop());
  let uid = 0;
  /** The server's half of a process that begins on this store. */
  return async () => {
    const kinds = new ServedKinds();
    const clock = new FakeClock();
    const { registry, components } = newRegistry({
      store,
      clock,
      kinds,
      logger: silentLogger,
      network: defaultClusterNetwork,
      newUid: () => `u${++uid}`,
      random: () => 0.5,
    });
    const run = sequence(components);
    await run.start();
    const widgets = () => kinds.byResource('example.com', 'v1', 'widgets');
    return { registry, kinds, widgets, stop: () => run.stop() };
  };
}

const definition = {
  metadata: { name: NAME },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer', default: 2 } } } },
          },
        },
      },
    ],
  },
} as unknown as KubeObject;

const widget = (finalizers: string[] = []) =>
  ({ metadata: { name: 'a', namespace: 'default', finalizers }, spec: {} }) as unknown as KubeObject;

t.test('a kind and its objects survive a restart', async (t) => {
  const begin = await setUp(t);
  const first = await begin();
  await first.registry.create(namespaces as never, { metadata: { name: 'default' } } as KubeObject);
  await first.registry.create(definitions, structuredClone(definition));
  await first.registry.create(first.widgets()!, widget());
  await first.stop();
  const second = await begin();
  t.teardown(() => second.stop());
  t.match(second.registry.get(second.widgets()!, 'default/a'), {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    spec: { size: 2 },
  });
});

t.test('a definition whose deletion was cut short goes on going, and nothing new is let in', async (t) => {
  const begin = await setUp(t);
  const first = await begin();
  await first.registry.create(namespaces as never, { metadata: { name: 'default' } } as KubeObject);
  await first.registry.create(definitions, structuredClone(definition));
  await first.registry.create(first.widgets()!, widget(['example.com/held']));
  await first.registry.delete(definitions, NAME);
  await first.stop();
  const { registry, widgets, stop } = await begin();
  t.teardown(stop);
  await t.rejects(registry.create(widgets()!, { ...widget(), metadata: { name: 'b' } } as KubeObject), {
    code: 405,
  });
  await settles(async () => registry.get(widgets()!, 'default/a').metadata.deletionTimestamp !== undefined);
  t.ok(registry.find(definitions, NAME), 'it waits for whoever holds an object of it');
  const letGo = (current: KubeObject) => ({ ...current, metadata: { ...current.metadata, finalizers: [] } });
  await registry.update(widgets()!, 'default/a', letGo);
  await settles(async () => registry.find(definitions, NAME) === undefined);
  t.equal(widgets(), undefined);
});
