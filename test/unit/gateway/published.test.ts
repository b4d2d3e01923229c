import t from 'tap';
import { endpointSlices } from '../../../src/api/kinds/endpoint-slice.ts';
import { events } from '../../../src/api/kinds/event.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { replicationControllers } from '../../../src/api/kinds/replication-controller.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import { services } from '../../../src/api/kinds/service.ts';
import {
  type EndpointSlice,
  type Event,
  keyOf,
  type ReplicationController,
  type Secret,
  type Service,
} from '../../../src/api/objects.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';

const namespace = 'default';
const addService = (lab: GatewayLab, name: string, spec: object) =>
  lab.client.create<Service>(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec,
  });

t.test('every object is a retained topic without secrets, until it is deleted', async (t) => {
  const lab = await GatewayLab.start(t);
  const lastApplied = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"aHVudGVyMg=="}' };
  await lab.client.create<Secret>(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace, annotations: lastApplied },
    data: { password: 'aHVudGVyMg==' },
  });
  const env = [{ name: 'PASSWORD', value: 'hunter2' }];
  const template = {
    metadata: { labels: { app: 'a' } },
    spec: { containers: [{ name: 'c', image: 'i', env }] },
  };
  await lab.client.create<ReplicationController>(replicationControllers, {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'rc', namespace },
    spec: { replicas: 0, selector: { app: 'a' }, template },
  });
  await lab.pass(10);
  const secretTopic = topics.object('', 'secrets', 'default/key');
  t.same(lab.bus.at(secretTopic).data, { password: '***' });
  t.equal(
    lab.bus.at(topics.object('', 'replicationcontrollers', 'default/rc')).kind,
    'ReplicationController',
  );
  t.ok(lab.bus.at(topics.object('', 'namespaces', 'default')));
  const everything = [...lab.bus.retained('edge/v1/objects/#')]
    .map(({ payload }) => String(payload))
    .join('\n');
  t.notMatch(everything, /hunter2|aHVudGVyMg/);
  await lab.client.delete(secrets, 'default/key');
  await lab.pass(10);
  t.same(lab.bus.topics(secretTopic), []);
});

t.test('an Event passes by on its own topic and is not kept', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.client.create<Event>(events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e1', namespace },
    involvedObject: { kind: 'Pod', name: 'web', namespace },
    message: 'hello',
  });
  await lab.pass(10);
  t.ok(lab.bus.log.includes(topics.event(namespace, 'Pod', 'web')));
  t.same(lab.bus.topics('edge/v1/events/#'), []);
  t.same(lab.bus.topics('edge/v1/objects/core/events/#'), []);
});

const addSlice = (lab: GatewayLab, name: string, ips: readonly string[]) =>
  lab.client.create<EndpointSlice>(endpointSlices, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
  });

t.test('boards get each Service and its slices as items of their own, both named by the index', async (t) => {
  const lab = await GatewayLab.start(t);
  const service = await addService(lab, 'web', {
    type: 'NodePort',
    selector: { app: 'a' },
    ports: [{ name: 'http', port: 80, nodePort: 30080 }],
  });
  await addService(lab, 'outside', { type: 'ExternalName', externalName: 'example.com' });
  const slice = await addSlice(lab, 'web-1', ['10.40.0.2', '10.40.2.3']);
  await lab.pass(200);
  const message = lab.bus.at(topics.service('default/web'));
  t.match(message, { epoch: 'e', key: 'default/web', uid: service.metadata.uid, spec: { type: 'NodePort' } });
  t.equal(message.spec.clusterIP, service.spec.clusterIP);
  t.notOk(message.spec.selector, 'the master has resolved it');
  const part = lab.bus.at(topics.service('default/web/web-1'));
  t.match(part, { key: 'default/web/web-1', uid: slice.metadata.uid, ports: [{ name: 'http', port: 8080 }] });
  t.match(part.endpoints, [{ addresses: ['10.40.0.2'] }, { addresses: ['10.40.2.3'] }]);
  t.match(lab.bus.at(topics.servicesIndex).services, {
    'default/web': { uid: service.metadata.uid, revision: message.revision },
    'default/web/web-1': { uid: slice.metadata.uid, revision: part.revision },
    'default/outside': {},
  });
  t.match(lab.bus.at(topics.service('default/outside')).spec, { externalName: 'example.com' });
});

t.test('of labels and annotations boards hear those that speak to them', async (t) => {
  const lab = await GatewayLab.start(t);
  const marks = { 'service.kubernetes.io/service-proxy-name': 'other', app: 'web' };
  await lab.client.create<Service>(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web',
      namespace,
      labels: marks,
      annotations: { 'edge-cluster.io/balance': 'x', note: 'y' },
    },
    spec: { ports: [{ name: 'http', port: 80 }] },
  });
  const slice = await addSlice(lab, 'web-1', ['10.40.0.2']);
  const body = { metadata: { labels: { 'service.kubernetes.io/headless': '' } } };
  await lab.client.patch(endpointSlices, keyOf(slice), { type: 'merge', body });
  await lab.pass(200);
  const message = lab.bus.at(topics.service('default/web'));
  t.strictSame(message.labels, { 'service.kubernetes.io/service-proxy-name': 'other' });
  t.strictSame(message.annotations, { 'edge-cluster.io/balance': 'x' });
  t.strictSame(lab.bus.at(topics.service('default/web/web-1')).labels, {
    'service.kubernetes.io/headless': '',
  });
});

t.test('a slice without its Service, or of no Service, is nothing that a board hears of', async (t) => {
  const lab = await GatewayLab.start(t);
  await addSlice(lab, 'web-1', ['10.40.0.2']);
  await lab.pass(200);
  t.same(lab.bus.at(topics.servicesIndex).services, {});
});

t.test(
  'a slice that changes quickly is sent once, alone, its revision never falls, and it goes after the index',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await addService(lab, 'web', { ports: [{ name: 'http', port: 80 }] });
    await addSlice(lab, 'web-2', ['10.40.2.2']);
    const made = await addSlice(lab, 'web-1', ['10.40.0.2']);
    await lab.pass(200);
    const topic = topics.service('default/web/web-1');
    const first = lab.bus.at(topic);
    const from = lab.bus.log.length;
    for (const n of [3, 4, 5]) {
      const latest = await lab.client.get<EndpointSlice>(endpointSlices, keyOf(made));
      await lab.client.update(endpointSlices, { ...latest, endpoints: [{ addresses: [`10.40.0.${n}`] }] });
    }
    await lab.pass(200);
    const isOfServices = (at: string) => at.startsWith('edge/v1/services/');
    t.same(lab.bus.log.slice(from).filter(isOfServices), [topic, topics.servicesIndex]);
    const second = lab.bus.at(topic);
    t.match(second.endpoints, [{ addresses: ['10.40.0.5'] }]);
    t.ok(second.revision > first.revision);
    const before = lab.bus.log.length;
    await lab.client.delete(endpointSlices, keyOf(made));
    await lab.pass(200);
    t.same(lab.bus.log.slice(before).filter(isOfServices), [topics.servicesIndex, topic]);
    const last = lab.bus.log.length;
    await lab.client.delete(services, 'default/web');
    await lab.pass(200);
    t.same(lab.bus.log.slice(last).filter(isOfServices), [
      topics.servicesIndex,
      topics.service('default/web'),
      topics.service('default/web/web-2'),
    ]);
  },
);

t.test('an empty cluster has an index of Services, so that a board may drop what it remembers', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.pass(200);
  t.same(lab.bus.at(topics.servicesIndex).services, {});
});

t.test('peers are the boards that have both an address and a pod range', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  t.same(lab.bus.at(topics.networkPeers).peers, {});
  const node = await lab.client.get(nodes, 'pi');
  await lab.client.update(nodes, { ...node, spec: { ...node.spec, podCIDR: '10.40.0.0/23' } });
  await lab.pass(10);
  const peers = lab.bus.at(topics.networkPeers);
  t.match(peers, { epoch: 'e', podRange: '10.40.0.0/13', serviceRange: '10.48.0.0/16' });
  t.same(peers.peers, { pi: { address: '192.168.1.7', podCIDR: '10.40.0.0/23' } });
  const body = { metadata: { labels: { 'topology.kubernetes.io/zone': 'shed' } } };
  await lab.client.patch(nodes, 'pi', { type: 'merge', body });
  await lab.pass(10);
  t.equal(lab.bus.at(topics.networkPeers).peers.pi.zone, 'shed');
  const count = lab.bus.log.filter((topic) => topic === topics.networkPeers).length;
  lab.beat('pi');
  lab.state('pi', { session: 's1', online: false });
  await lab.pass(1100);
  t.equal(
    lab.bus.log.filter((topic) => topic === topics.networkPeers).length,
    count,
    'a flip of Ready is no change',
  );
});
