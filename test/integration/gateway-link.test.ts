// Master and board joined by a real broker over TLS, with the real registry: everything but containers.
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { findCondition } from '../../src/api/conditions.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import type { Pod, Secret } from '../../src/api/objects.ts';
import { loadSchema } from '../../src/api/schema/load-schema.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { newRegistry } from '../../src/apiserver/registry/new-registry.ts';
import { Patcher } from '../../src/apiserver/registry/patcher.ts';
import { RegistryClient } from '../../src/apiserver/registry-client.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Client } from '../../src/client/client.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { AgentLink } from '../../src/mqtt/agent-link.ts';
import type { Session } from '../../src/mqtt/session.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { eventually } from '../support/eventually.ts';
import { birth } from '../support/gateway-lab.ts';
import { MemoryEngine } from '../support/memory-engine.ts';
import { MqttLab } from '../support/mqtt-lab.ts';
import { reasonOf } from '../support/reason-of.ts';

const shared = { clock: systemClock, logger: silentLogger };

/** The store with its registry: what outlives the gateway in these tests. */
async function startStore(t: Test): Promise<{ client: Client; epoch: string }> {
  const store = new LevelStore({ engine: new MemoryEngine(), onFatal: (error) => t.fail(error.message) });
  const { registry, components } = newRegistry({
    store,
    network: defaultClusterNetwork,
    newUid: randomUUID,
    random: Math.random,
    ...shared,
  });
  const schema = loadSchema();
  const client = new RegistryClient(registry, new Patcher(registry, async () => schema));
  const all = sequence([store, ...components]);
  await all.start();
  t.teardown(() => all.stop());
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  return { client, epoch: store.epoch };
}

async function startGateway(t: Test, lab: MqttLab, { client, epoch }: { client: Client; epoch: string }) {
  const informers = new InformerFactory({ client, ...shared });
  const recorder = { record: () => {} };
  const options = { client, informers, bus: lab.broker, epoch, recorder, kinds: allKinds, ...shared };
  const gateway = new Gateway({ ...options, network: defaultClusterNetwork });
  const all = sequence([informers, gateway]);
  await all.start();
  t.teardown(() => all.stop());
  return all;
}

async function startBoard(
  t: Test,
  lab: MqttLab,
  node: string,
): Promise<{ session: Session; link: AgentLink }> {
  const session = await lab.session(node);
  const link = new AgentLink({ session, ...shared });
  link.setBirth(birth);
  await link.start();
  await session.start();
  t.teardown(() => link.stop());
  return { session, link };
}

const addPod = (client: Client, name: string) =>
  client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'pi',
      containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'key' } }] }],
    },
  });

const desiredOf = (link: AgentLink) => [...(link.desired.current()?.pods.keys() ?? [])].sort().join();

t.test('a pod goes to its board, its status comes back, and its deletion is a handshake', async (t) => {
  const lab = await MqttLab.start(t);
  const store = await startStore(t);
  await startGateway(t, lab, store);
  const { link } = await startBoard(t, lab, 'pi');
  await eventually(async () => {
    const { status } = await store.client.get(nodes, 'pi');
    return findCondition(status?.conditions, 'Ready')?.status === 'True';
  });
  const { metadata } = await addPod(store.client, 'web');
  await eventually(() => desiredOf(link) === 'default/web');
  const report = (phase: string, terminated: boolean) =>
    link.report({ key: 'default/web', uid: metadata.uid, status: { phase }, terminated });
  report('Running', false);
  await eventually(async () => (await store.client.get(pods, 'default/web')).status?.phase === 'Running');
  await store.client.delete(pods, 'default/web');
  await eventually(() => link.desired.current()?.pods.get('default/web')?.metadata.deletionTimestamp);
  t.equal(desiredOf(link), 'default/web', 'it is the board that ends it');
  report('Succeeded', true);
  await eventually(() => desiredOf(link) === '');
  t.equal(await reasonOf(store.client.get(pods, 'default/web')), 'NotFound');
});

t.test(
  'with its session closed a board hears of nothing new; once reopened it does, deletions included',
  async (t) => {
    const lab = await MqttLab.start(t);
    const store = await startStore(t);
    await startGateway(t, lab, store);
    const { session, link } = await startBoard(t, lab, 'pi');
    await eventually(
      () => lab.broker.retained('edge/v1/nodes/pi/desired/index')[Symbol.iterator]().next().value,
    );
    await addPod(store.client, 'old');
    await eventually(() => desiredOf(link) === 'default/old');
    await session.stop();
    await addPod(store.client, 'new');
    await store.client.delete(pods, 'default/old', { gracePeriodSeconds: 0 });
    await eventually(
      () => [...lab.broker.retained('edge/v1/nodes/pi/desired/pods/default/new')].length === 1,
    );
    t.equal(desiredOf(link), 'default/old');
    session.reopen();
    await eventually(() => desiredOf(link) === 'default/new');
  },
);

t.test('after the master was away a board comes to what was wanted meanwhile', async (t) => {
  const store = await startStore(t);
  const lab = await MqttLab.start(t);
  const master = await startGateway(t, lab, store);
  const { session, link } = await startBoard(t, lab, 'pi');
  await eventually(async () => (await reasonOf(store.client.get(nodes, 'pi'))) === 'no error');
  await addPod(store.client, 'old');
  await eventually(() => desiredOf(link) === 'default/old');
  const closed = new Promise((resolve) => session.onClose(resolve));
  const { port } = lab.broker;
  await master.stop();
  await lab.broker.stop();
  await closed;
  await store.client.delete(pods, 'default/old', { gracePeriodSeconds: 0 });
  await addPod(store.client, 'new');
  t.equal(desiredOf(link), 'default/old', 'what runs stays while no master is in sight');
  await lab.restart(port);
  await startGateway(t, lab, store);
  await eventually(() => desiredOf(link) === 'default/new', 10_000);
});

t.test('no Secret value is anywhere on the inspect listener, and the board has it', async (t) => {
  const lab = await MqttLab.start(t);
  const store = await startStore(t);
  await startGateway(t, lab, store);
  const person = await lab.inspector();
  await person.mqtt.subscribeAsync('#');
  const { link } = await startBoard(t, lab, 'pi');
  const data = { password: Buffer.from('correct horse').toString('base64') };
  const metadata = { name: 'key', namespace: 'default' };
  await store.client.create<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data });
  await eventually(async () => (await reasonOf(store.client.get(nodes, 'pi'))) === 'no error');
  await addPod(store.client, 'web');
  await eventually(
    () => link.desired.current()?.secrets.get('default/key')?.data?.password === data.password,
  );
  const late = await lab.inspector();
  await late.mqtt.subscribeAsync('edge/v1/#');
  for (const { received } of [person, late]) {
    await eventually(() => received.some(({ topic }) => topic.endsWith('desired/pods/default/web')));
    await eventually(() => received.some(({ topic }) => topic.endsWith('objects/core/secrets/default/key')));
    t.notMatch(received.map(({ text }) => text).join('\n'), data.password);
    t.notOk(received.some(({ topic }) => topic.includes('/desired/secrets/')));
  }
});
