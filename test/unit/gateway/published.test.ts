import t from 'tap';
import { endpoints } from '../../../src/api/kinds/endpoints.ts';
import { events } from '../../../src/api/kinds/event.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { replicationControllers } from '../../../src/api/kinds/replication-controller.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { Endpoints, Event, ReplicationController, Secret, Service } from '../../../src/api/objects.ts';
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

t.test('boards get each Service with the endpoints that are ready, by the name of the port', async (t) => {
  const lab = await GatewayLab.start(t);
  const ports = [
    { name: 'http', port: 80, nodePort: 30080 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ];
  const service = await addService(lab, 'web', { type: 'NodePort', selector: { app: 'a' }, ports });
  await addService(lab, 'outside', { type: 'ExternalName', externalName: 'example.com' });
  await lab.client.create<Endpoints>(endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace },
    subsets: [
      {
        addresses: [{ ip: '10.40.0.2', nodeName: 'pi' }, { ip: '10.40.2.3' }],
        notReadyAddresses: [{ ip: '10.40.0.9' }],
        ports: [{ name: 'http', port: 8080 }],
      },
    ],
  });
  await lab.pass(200);
  const message = lab.bus.at(topics.service('default/web'));
  t.match(message, { epoch: 'e', key: 'default/web', uid: service.metadata.uid, type: 'NodePort' });
  t.equal(message.clusterIP, service.spec.clusterIP);
  t.same(message.ports, [
    {
      name: 'http',
      protocol: 'TCP',
      port: 80,
      nodePort: 30080,
      endpoints: [
        { ip: '10.40.0.2', port: 8080, nodeName: 'pi' },
        { ip: '10.40.2.3', port: 8080 },
      ],
    },
    { name: 'dns', protocol: 'UDP', port: 53, nodePort: message.ports[1].nodePort, endpoints: [] },
  ]);
  const index = lab.bus.at(topics.servicesIndex);
  t.same(index.services['default/web'], { uid: service.metadata.uid, revision: message.revision });
  t.notOk(index.services['default/outside']);
});

t.test(
  'a Service that changes quickly is sent once, its revision never falls, and it goes after the index',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await addService(lab, 'web', { ports: [{ port: 80 }] });
    await lab.pass(200);
    const first = lab.bus.at(topics.service('default/web'));
    const from = lab.bus.log.length;
    const make = (ip: string) =>
      lab.client.create<Endpoints>(endpoints, {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'web', namespace },
        subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }],
      });
    const made = await make('10.40.0.2');
    for (const n of [3, 4, 5]) {
      const [, latest] = [made, await lab.client.get(endpoints, 'default/web')];
      await lab.client.update(endpoints, {
        ...latest,
        subsets: [{ addresses: [{ ip: `10.40.0.${n}` }], ports: [{ port: 80 }] }],
      });
    }
    await lab.pass(200);
    t.equal(lab.bus.log.slice(from).filter((topic) => topic === topics.service('default/web')).length, 1);
    const second = lab.bus.at(topics.service('default/web'));
    t.ok(second.revision > first.revision);
    await lab.client.delete(endpoints, 'default/web');
    await lab.pass(200);
    const third = lab.bus.at(topics.service('default/web'));
    t.same(third.ports[0].endpoints, []);
    t.ok(third.revision > second.revision);
    const before = lab.bus.log.length;
    await lab.client.delete(services, 'default/web');
    await lab.pass(200);
    const since = lab.bus.log.slice(before).filter((topic) => topic.startsWith('edge/v1/services/'));
    t.same(since, [topics.servicesIndex, topics.service('default/web')]);
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
