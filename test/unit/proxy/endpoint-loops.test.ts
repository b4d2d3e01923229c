import t from 'tap';
import { planForwarders } from '../../../src/proxy/forwarder-plan.ts';
import type { ServicePort, ServiceView } from '../../../src/proxy/service-view.ts';
import { endpointsOf, tcpService } from '../../support/proxied-services.ts';

const own = '192.168.1.7';
const other = '192.168.1.8';
const pod = { ip: '10.40.0.5', port: 8080 };

function taking(id: string, ...services: ServiceView[]) {
  const { backends, refusals } = planForwarders({
    services,
    hostPorts: [],
    listenAddress: '169.254.48.1',
    boardAddresses: [own],
    otherBoards: [other],
  });
  return { endpoints: backends.get(id)?.endpoints.cluster, refusals };
}

function leading(name: string, clusterIP: string, port: Partial<ServicePort>): ServiceView {
  return tcpService({ key: `default/${name}`, uid: name, clusterIP }, port);
}

t.test('a Service is no endpoint of itself, and is told so', async (t) => {
  const endpoints = endpointsOf([pod, { ip: '10.48.0.9', port: 80 }]);
  const found = taking('default/web tcp 80', tcpService({}, { endpoints }));
  t.same(found.endpoints, [pod]);
  t.match(found.refusals, [
    {
      subject: { kind: 'Service', key: 'default/web' },
      reason: 'EndpointLoop',
      message: 'endpoint 10.48.0.9:80 of port 80/TCP leads back to it and gets no traffic',
    },
  ]);
});

t.test('nor by its node port on any board, nor by its external address', async (t) => {
  const endpoints = endpointsOf([
    { ip: own, port: 30080 },
    { ip: other, port: 30080 },
    { ip: '203.0.113.7', port: 80 },
  ]);
  const service = tcpService({ externalIPs: ['203.0.113.7'] }, { nodePort: 30080, endpoints });
  t.same(taking('default/web tcp 80', service).endpoints, []);
});

t.test('nor by way of other Services', async (t) => {
  const a = leading('a', '10.48.0.1', { endpoints: endpointsOf([{ ip: '10.48.0.2', port: 80 }]) });
  const b = leading('b', '10.48.0.2', { endpoints: endpointsOf([{ ip: '10.48.0.3', port: 80 }]) });
  const c = leading('c', '10.48.0.3', { endpoints: endpointsOf([{ ip: '10.48.0.1', port: 80 }, pod]) });
  t.same(taking('default/c tcp 80', a, b, c).endpoints, [pod]);
  t.equal(taking('', a, b, c).refusals.length, 3);
});

t.test('what leads to another Service, and on from there to pods, takes traffic', async (t) => {
  const a = leading('a', '10.48.0.1', { endpoints: endpointsOf([{ ip: '10.48.0.2', port: 80 }]) });
  const b = leading('b', '10.48.0.2', { endpoints: endpointsOf([pod]) });
  const found = taking('default/a tcp 80', a, b);
  t.same(found.endpoints, [{ ip: '10.48.0.2', port: 80 }]);
  t.same(found.refusals, []);
});

t.test('so does a pod in the network of its board at the port of its own load balancer', async (t) => {
  const endpoints = endpointsOf([{ ip: other, port: 80 }], [{ ip: own, port: 80 }]);
  const service = tcpService({ loadBalancerIPs: [own, other] }, { nodePort: 30080, endpoints });
  t.same(taking('default/web tcp 80', service).endpoints, endpoints.cluster);
});
