import t from 'tap';
import { planForwarders } from '../../../src/proxy/forwarder-plan.ts';
import { hostPortsOf } from '../../../src/proxy/host-ports.ts';
import type { ServicePort, ServiceView } from '../../../src/proxy/service-view.ts';
import { makePod } from '../../support/make-pod.ts';
import { endpointsOf, tcpService } from '../../support/proxied-services.ts';

const own = '192.168.1.7';
const planned = (...services: ServiceView[]) =>
  planForwarders({ services, hostPorts: [], listenAddress: '169.254.48.1', boardAddresses: [own] });
const http: ServicePort = { name: 'http', protocol: 'TCP', port: 80, endpoints: endpointsOf([]) };

t.test('a NodePort Service listens on every address and behind its ClusterIP', async (t) => {
  const { forwarders } = planned(tcpService({}, { nodePort: 30080 }));
  t.match(forwarders.get('tcp 0.0.0.0:30080'), { host: '0.0.0.0', port: 30080, virtual: undefined });
  const inside = forwarders.get('tcp 10.48.0.9:80');
  t.match(inside, { host: '169.254.48.1', port: 0, virtual: { ip: '10.48.0.9', port: 80, isOpen: false } });
});

t.test('a headless Service listens nowhere', async (t) => {
  t.equal(planned(tcpService({ clusterIP: '' })).forwarders.size, 0);
});

t.test('TCP and UDP share a port number; SCTP is refused with a reason', async (t) => {
  const ports: ServicePort[] = [
    { ...http, nodePort: 30053 },
    { ...http, name: 'u', protocol: 'UDP', nodePort: 30053 },
    { ...http, name: 's', protocol: 'SCTP' },
  ];
  const { forwarders, refusals } = planned(tcpService({ ports }));
  t.same(
    [...forwarders.keys()],
    ['tcp 10.48.0.9:80', 'udp 10.48.0.9:80', 'tcp 0.0.0.0:30053', 'udp 0.0.0.0:30053'],
  );
  t.match(refusals, [{ subject: { kind: 'Service', key: 'default/web' }, reason: 'UnsupportedProtocol' }]);
});

t.test('a UDP node port is mapped by the kernel, so that answers come from the address asked', async (t) => {
  const { forwarders } = planned(tcpService({}, { protocol: 'UDP', nodePort: 30053 }));
  t.match(forwarders.get('udp 0.0.0.0:30053'), {
    host: '0.0.0.0',
    port: 30053,
    virtual: { ip: '0.0.0.0', port: 30053, isOpen: true },
  });
});

t.test('where the board has IPv6, a UDP port on every address has a way of each family', async (t) => {
  const endpoints = endpointsOf([{ ip: '10.40.0.5', port: 53 }]);
  const service = tcpService({}, { protocol: 'UDP', port: 53, nodePort: 30053, endpoints });
  const pod = makePod();
  pod.spec.containers = [{ name: 'c', ports: [{ containerPort: 53, hostPort: 5353, protocol: 'UDP' }] }];
  const plan = (listenAddressV6?: string) =>
    planForwarders({
      services: [service],
      hostPorts: hostPortsOf(pod, '10.40.0.5'),
      listenAddress: '169.254.48.1',
      listenAddressV6,
      boardAddresses: [own],
    });
  const { forwarders } = plan('fd00:10:40:0:ec::1');
  t.same([...forwarders.keys()].slice(1), [
    'udp 0.0.0.0:30053',
    'udp :::30053',
    'udp 0.0.0.0:5353',
    'udp :::5353',
  ]);
  t.match(forwarders.get('udp :::30053'), {
    host: '::',
    port: 30053,
    virtual: { ip: '::', port: 30053, isOpen: true },
    backendId: forwarders.get('udp 0.0.0.0:30053')?.backendId,
  });
  t.notOk(
    [...plan().forwarders.keys()].some((id) => id.includes('::')),
    'none on a board without',
  );
});

t.test("a load balancer's address is listened on where it is the board's own, for its sources", async (t) => {
  const sourceRanges = ['192.168.1.0/24'];
  const { forwarders } = planned(
    tcpService({ loadBalancerIPs: [own, '192.168.1.8'], sourceRanges, externalTrafficPolicy: 'Local' }),
  );
  t.match(forwarders.get(`tcp ${own}:80`), {
    host: own,
    port: 80,
    sourceRanges,
    insiders: 'Cluster',
    outsiders: 'Local',
  });
  t.equal(forwarders.size, 2, 'the other address is another board’s');
  t.same(forwarders.get('tcp 10.48.0.9:80')?.sourceRanges, []);
});

t.test('an address that another load balancer has is taken on every board, for its sources', async (t) => {
  const sourceRanges = ['192.168.1.0/24'];
  const balancedIPs = ['192.168.1.240', own];
  const externalIPs = ['192.168.1.240'];
  const { forwarders, refusals } = planned(
    tcpService({ balancedIPs, externalIPs, sourceRanges, externalTrafficPolicy: 'Local' }),
  );
  t.match(forwarders.get('tcp 192.168.1.240:80'), {
    host: '169.254.48.1',
    virtual: { ip: '192.168.1.240', port: 80, isOpen: true },
    sourceRanges,
    insiders: 'Cluster',
    outsiders: 'Local',
  });
  t.match(forwarders.get(`tcp ${own}:80`), { host: own, virtual: undefined, sourceRanges });
  t.same(refusals, []);
});

t.test(
  'a port of the board that an endpoint in its network has is left to it, in whatever state it is',
  async (t) => {
    const endpoints = endpointsOf([], [], { present: [`${own}:80`] });
    const service = tcpService(
      { loadBalancerIPs: [own], externalIPs: [own] },
      { endpoints, nodePort: 30080 },
    );
    t.same([...planned(service).forwarders.keys()], ['tcp 10.48.0.9:80', 'tcp 0.0.0.0:30080']);
  },
);

t.test('an external address is listened on, or mapped where it is nobody’s', async (t) => {
  const { forwarders } = planned(tcpService({ externalIPs: [own, '203.0.113.5', '2001:db8::5'] }));
  t.match(forwarders.get(`tcp ${own}:80`), { host: own, virtual: undefined });
  t.match(forwarders.get('tcp 203.0.113.5:80'), {
    host: '169.254.48.1',
    virtual: { ip: '203.0.113.5', port: 80, isOpen: true },
  });
  t.equal(forwarders.size, 3);
});

t.test('of two that want the same address and port the first has it, and the other is told', async (t) => {
  const externalIPs = ['203.0.113.5'];
  const { forwarders, refusals } = planned(
    tcpService({ key: 'default/b', uid: 'b', clusterIP: '10.48.0.2', externalIPs }),
    tcpService({ key: 'default/a', uid: 'a', clusterIP: '10.48.0.1', externalIPs }),
  );
  t.equal(forwarders.get('tcp 203.0.113.5:80')?.subject.key, 'default/a');
  t.match(refusals, [{ subject: { key: 'default/b' }, reason: 'PortConflict', message: /default\/a/ }]);
  t.equal(forwarders.size, 3);
});

t.test("no Service gets another one's own address by asking for it from outside", async (t) => {
  const { forwarders, refusals } = planned(
    tcpService({ key: 'default/a', uid: 'a', clusterIP: '10.48.0.1', externalIPs: ['10.48.0.2'] }),
    tcpService({ key: 'default/b', uid: 'b', clusterIP: '10.48.0.2' }),
  );
  t.equal(forwarders.get('tcp 10.48.0.2:80')?.subject.key, 'default/b');
  t.match(refusals, [{ subject: { key: 'default/a' }, reason: 'PortConflict', message: /default\/b/ }]);
});

t.test('internal policy Local holds for pods; external policy Local does not', async (t) => {
  const policies = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' } as const;
  const { forwarders } = planned(tcpService(policies, { nodePort: 30080 }));
  t.match(forwarders.get('tcp 10.48.0.9:80'), { insiders: 'Local' });
  t.match(forwarders.get('tcp 0.0.0.0:30080'), { insiders: 'Cluster', outsiders: 'Local' });
});

t.test('host ports of a pod are listened on, on their own address where they name one', async (t) => {
  const pod = makePod();
  pod.spec.containers = [
    {
      name: 'c',
      ports: [
        { containerPort: 80, hostPort: 8080 },
        { containerPort: 53, hostPort: 5353, protocol: 'UDP', hostIP: own },
        { containerPort: 81 },
      ],
    },
  ];
  const hostPorts = hostPortsOf(pod, '10.40.0.5');
  const plan = planForwarders({ services: [], hostPorts, listenAddress: '169.254.48.1', boardAddresses: [] });
  t.same([...plan.forwarders.keys()], ['tcp 0.0.0.0:8080', `udp ${own}:5353`]);
  const backend = plan.backends.get(plan.forwarders.get('tcp 0.0.0.0:8080')?.backendId ?? '');
  t.same(backend?.endpoints.cluster, [{ ip: '10.40.0.5', port: 80 }]);
  t.equal(backend?.subject.kind, 'Pod');
  pod.spec.hostNetwork = true;
  t.same(hostPortsOf(pod, '192.168.1.7'), []);
});

t.test(
  'a second address leads to the endpoints of its family, ways from outside to those of the first',
  async (t) => {
    const v6 = endpointsOf([{ ip: 'fd00:10:40::2', port: 80 }]);
    const dual = tcpService({ secondClusterIP: 'fd00:10:48::9' }, { nodePort: 30080, secondEndpoints: v6 });
    const plan = (listenAddressV6?: string) =>
      planForwarders({
        services: [dual],
        hostPorts: [],
        listenAddress: '169.254.48.1',
        listenAddressV6,
        boardAddresses: [own],
      });
    const { forwarders, backends } = plan('fd00:10:40:0:ec::1');
    t.same([...forwarders.keys()], ['tcp 10.48.0.9:80', 'tcp fd00:10:48::9:80', 'tcp 0.0.0.0:30080']);
    const second = forwarders.get('tcp fd00:10:48::9:80');
    t.match(second, {
      host: 'fd00:10:40:0:ec::1',
      port: 0,
      virtual: { ip: 'fd00:10:48::9', port: 80, isOpen: false },
    });
    t.same(backends.get(second?.backendId ?? '')?.endpoints, v6);
    t.not(forwarders.get('tcp 0.0.0.0:30080')?.backendId, second?.backendId);
    t.same(
      [...plan().forwarders.keys()],
      ['tcp 10.48.0.9:80', 'tcp 0.0.0.0:30080'],
      'a board without the family',
    );
  },
);
