import t from 'tap';
import { type ForwarderPlan, planForwarders } from '../../../src/proxy/forwarder-plan.ts';
import type { HostPort } from '../../../src/proxy/host-ports.ts';
import { type KernelPort, type KernelProtocol, planKernelPorts } from '../../../src/proxy/kernel-ports.ts';
import type { ServiceView } from '../../../src/proxy/service-view.ts';
import { endpointsOf, tcpService } from '../../support/proxied-services.ts';

const own = '192.168.1.7';
const near = { ip: '10.40.0.5', port: 8080 };
const far = { ip: '10.40.2.5', port: 8080 };
/** By protocol, address and port of each way. */
function byWay(plan: ForwarderPlan, protocols: readonly KernelProtocol[]): Map<string, KernelPort> {
  const ports = [...planKernelPorts(plan, { protocols, families: ['IPv4', 'IPv6'] }).values()].flat();
  return new Map(ports.map((port) => [`${port.protocol} ${port.ip}:${port.port}`, port]));
}
const planned = (
  services: ServiceView[],
  hostPorts: HostPort[] = [],
  protocols: readonly KernelProtocol[] = ['tcp'],
) =>
  byWay(
    planForwarders({ services, hostPorts, listenAddress: '169.254.48.1', boardAddresses: [own] }),
    protocols,
  );

t.test('each way in knows its endpoints, its terms and whether the board has the address', async (t) => {
  const service = tcpService(
    {
      loadBalancerIPs: [own],
      externalIPs: ['203.0.113.5'],
      externalTrafficPolicy: 'Local',
      affinityMs: 10_500,
    },
    { nodePort: 30080, endpoints: endpointsOf([near, far], [near]) },
  );
  const ports = planned([service]);
  const same = {
    backend: 'default/web/tcp/80',
    affinityS: 11,
    endpoints: { Cluster: [near, far], Local: [near] },
  };
  t.match(ports.get('tcp 10.48.0.9:80'), { ...same, isOpen: false, isOwn: false, outsiders: 'Cluster' });
  t.match(ports.get('tcp 0.0.0.0:30080'), {
    ...same,
    ip: '0.0.0.0',
    isOpen: true,
    isOwn: true,
    outsiders: 'Local',
  });
  t.match(ports.get(`tcp ${own}:80`), { ...same, ip: own, isOpen: true, isOwn: true });
  t.match(ports.get('tcp 203.0.113.5:80'), { ...same, ip: '203.0.113.5', isOpen: true, isOwn: false });
});

t.test('UDP, limits, PROXY protocol and least connections stay with the sockets', async (t) => {
  const web = (key: string, options: Partial<ServiceView['options']>) =>
    tcpService({ key, clusterIP: `10.48.0.${key.length}`, options: { balance: 'round-robin', ...options } });
  const services = [
    web('a/1', { maxConnections: 5 }),
    web('a/22', { proxyProtocol: 2 }),
    web('a/333', { balance: 'least-connections' }),
    tcpService({ key: 'a/4444' }, { protocol: 'UDP' }),
    web('a/55555', {}),
  ];
  t.same([...planned(services).keys()], ['tcp 10.48.0.7:80']);
});

t.test('UDP is for kernels that can forget a client, on every way in', async (t) => {
  const dns = tcpService({ loadBalancerIPs: [own] }, { protocol: 'UDP', port: 53, nodePort: 30053 });
  const ports = planned([dns], [], ['tcp', 'udp']);
  t.match(ports.get('udp 10.48.0.9:53'), { protocol: 'udp', isOwn: false, backend: 'default/web/udp/53' });
  t.match(ports.get('udp 0.0.0.0:30053'), { ip: '0.0.0.0', isOpen: true, isOwn: true });
  t.match(ports.get(`udp ${own}:53`), { ip: own, isOpen: true, isOwn: true });
});

t.test('IPv6: each way leads to the endpoints of its own family', async (t) => {
  const near6 = { ip: 'fd00:10:40::2', port: 8080 };
  const [v4, v6] = [endpointsOf([near]), endpointsOf([near6])];
  const both = { secondClusterIP: 'fd00:10:48::9', externalIPs: ['2001:db8::9'] };
  const dual = (secondEndpoints = v6) =>
    tcpService({ key: 'a/1', ...both }, { nodePort: 30080, endpoints: v4, secondEndpoints });
  const single = tcpService(
    { key: 'a/2', family: 'IPv6', clusterIP: 'fd00:10:48::8' },
    { nodePort: 30081, endpoints: v6 },
  );
  const planOf = (...services: ServiceView[]) =>
    planForwarders({
      services,
      hostPorts: [],
      listenAddress: '169.254.48.1',
      listenAddressV6: 'fd00::1',
      boardAddresses: [],
    });
  const ports = byWay(planOf(dual(), single), ['tcp']);
  t.same(
    [...ports].map(([way, { backend, endpoints }]) => [way, backend, endpoints.Cluster]),
    [
      ['tcp 10.48.0.9:80', 'a/1/tcp/80', [near]],
      ['tcp fd00:10:48::9:80', 'a/1/tcp/80', [near6]],
      ['tcp fd00:10:48::8:80', 'a/2/tcp/80', [near6]],
      ['tcp 0.0.0.0:30080', 'a/1/tcp/80', [near]],
      ['tcp :::30080', 'a/1/tcp/80', [near6]],
      ['tcp 2001:db8::9:80', 'a/1/tcp/80', [near6]],
      ['tcp :::30081', 'a/2/tcp/80', [near6]],
    ],
  );
  t.ok(ports.get('tcp :::30080')?.isOwn);
  t.same(
    [...byWay(planOf(dual(endpointsOf([]))), ['tcp']).keys()],
    ['tcp 10.48.0.9:80', 'tcp fd00:10:48::9:80', 'tcp 0.0.0.0:30080'],
    'who comes from outside by a family without endpoints is left to the sockets',
  );
  const mode = { protocols: ['tcp'], families: ['IPv4'] } as const;
  t.same(
    [...planKernelPorts(planOf(dual(), single), mode).keys()],
    ['tcp 10.48.0.9:80', 'tcp 0.0.0.0:30080'],
    'nothing of a family that the kernel cannot',
  );
});

t.test('IPv6: UDP on every address is one way of each family, with the endpoints of that one', async (t) => {
  const near6 = { ip: 'fd00:10:40::2', port: 8080 };
  const dual = tcpService(
    { secondClusterIP: 'fd00:10:48::9' },
    {
      protocol: 'UDP',
      nodePort: 30053,
      endpoints: endpointsOf([near]),
      secondEndpoints: endpointsOf([near6]),
    },
  );
  const plan = planForwarders({
    services: [dual],
    hostPorts: [],
    listenAddress: '169.254.48.1',
    listenAddressV6: 'fd00::1',
    boardAddresses: [],
  });
  const planned = planKernelPorts(plan, { protocols: ['udp'], families: ['IPv4', 'IPv6'] });
  const ofBoard = [...planned].filter(([id]) => id.endsWith(':30053'));
  t.match(ofBoard, [
    ['udp 0.0.0.0:30053', [{ ip: '0.0.0.0', isOwn: true, endpoints: { Cluster: [near] } }]],
    ['udp :::30053', [{ ip: '::', isOwn: true, endpoints: { Cluster: [near6] } }]],
  ]);
  t.same(
    ofBoard.map(([, ports]) => ports.length),
    [1, 1],
  );
});

t.test("a pod's host port is one way with one endpoint; not one of the loopback", async (t) => {
  const hostPort = (hostIP: string, port: number): HostPort => ({
    pod: { key: 'default/web', uid: 'u1' },
    protocol: 'TCP',
    hostIP,
    port,
    endpoint: near,
  });
  const ports = planned([], [hostPort('', 8888), hostPort('127.0.0.1', 8889)]);
  t.match(
    [...ports.values()],
    [{ ip: '0.0.0.0', port: 8888, backend: 'hostport/u1/0.0.0.0/tcp/8888', isOwn: true }],
  );
  t.equal(ports.size, 1);
});
