import t from 'tap';
import type { BoardService } from '../../../src/api/board-service.ts';
import type { core } from '../../../src/api/objects.ts';
import { serviceVariables } from '../../../src/kubelet/service-environment.ts';

const service = (key: string, clusterIP: string, ports: core.ServicePort[]): BoardService => ({
  key,
  uid: key,
  spec: { clusterIP, ports },
  slices: [],
});
const redis = service('default/redis-master', '10.48.0.11', [{ port: 6379 }]);
const kubernetes = service('default/kubernetes', '10.48.0.1', [{ name: 'https', port: 443 }]);
const dns = service('shop/dns', '10.48.0.10', [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
]);
const headless = service('default/db', 'None', [{ port: 5432 }]);

t.test('a Service gives the variables that upstream documents', async (t) => {
  t.same(serviceVariables([redis], 'default'), {
    REDIS_MASTER_SERVICE_HOST: '10.48.0.11',
    REDIS_MASTER_SERVICE_PORT: '6379',
    REDIS_MASTER_PORT: 'tcp://10.48.0.11:6379',
    REDIS_MASTER_PORT_6379_TCP: 'tcp://10.48.0.11:6379',
    REDIS_MASTER_PORT_6379_TCP_PROTO: 'tcp',
    REDIS_MASTER_PORT_6379_TCP_PORT: '6379',
    REDIS_MASTER_PORT_6379_TCP_ADDR: '10.48.0.11',
  });
});

t.test('named ports and UDP have variables of their own', async (t) => {
  const variables = serviceVariables([dns], 'shop');
  t.match(variables, {
    DNS_SERVICE_PORT: '53',
    DNS_SERVICE_PORT_DNS: '53',
    DNS_SERVICE_PORT_DNS_TCP: '53',
    DNS_PORT: 'udp://10.48.0.10:53',
    DNS_PORT_53_UDP_PROTO: 'udp',
    DNS_PORT_53_TCP: 'tcp://10.48.0.10:53',
  });
});

t.test('a pod sees its own namespace and kubernetes, nothing else', async (t) => {
  const names = Object.keys(serviceVariables([redis, dns, kubernetes], 'shop'));
  t.ok(names.includes('DNS_SERVICE_HOST') && names.includes('KUBERNETES_SERVICE_HOST'));
  t.notOk(names.some((n) => n.startsWith('REDIS')));
});

t.test('without service links only kubernetes is left', async (t) => {
  const names = Object.keys(serviceVariables([redis, kubernetes], 'default', false));
  t.ok(names.every((n) => n.startsWith('KUBERNETES_')));
  t.ok(names.length > 0);
});

t.test('a headless Service gives none', async (t) => {
  t.same(serviceVariables([headless], 'default'), {});
});
