import t from 'tap';
import type { BoardService, BoardSlice } from '../../../src/api/board-service.ts';
import type { EndpointHints } from '../../../src/api/endpoint-hints.ts';
import type { Place } from '../../../src/proxy/endpoint-hints.ts';
import { serviceView } from '../../../src/proxy/service-view.ts';

type Endpoint = BoardSlice['endpoints'][number];
const hintsFor = (node: string, zone: string): EndpointHints => ({
  forNodes: [{ name: node }],
  forZones: [{ name: zone }],
});
const pi = { nodeName: 'pi' };
const endpoint = (ip: string, conditions: Endpoint['conditions'] = {}, nodeName = 'far'): Endpoint => ({
  addresses: [ip],
  conditions,
  nodeName,
});
const going = { ready: false, serving: true, terminating: true };

const slice = (endpoints: readonly Endpoint[], more: Partial<BoardSlice> = {}): BoardSlice => ({
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
});
const web = (slices: readonly BoardSlice[], spec: BoardService['spec'] = {}, more = {}): BoardService => ({
  key: 'default/web',
  uid: 'u',
  spec: {
    clusterIP: '10.48.0.5',
    ports: [
      { name: 'http', port: 80, nodePort: 30080 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
    ...spec,
  },
  slices,
  ...more,
});
const httpOf = (slices: readonly BoardSlice[]) => serviceView(web(slices), pi).ports[0]?.endpoints;
const ips = (list: readonly { ip: string }[] | undefined) => list?.map(({ ip }) => ip);

t.test('only ready endpoints take traffic, over all slices, by the name of the port', async (t) => {
  const view = serviceView(
    web([
      slice([endpoint('10.40.0.2', {}, 'pi'), endpoint('10.40.0.9', { ready: false })]),
      slice([endpoint('10.40.2.3', { ready: true })], { ports: [{ name: 'http', port: 9090 }] }),
    ]),
    pi,
  );
  const [http, dns] = view.ports;
  t.match(http, { protocol: 'TCP', port: 80, nodePort: 30080 });
  t.same(http?.endpoints.cluster, [
    { ip: '10.40.0.2', port: 8080 },
    { ip: '10.40.2.3', port: 9090 },
  ]);
  t.same(ips(http?.endpoints.local), ['10.40.0.2']);
  t.match(dns, { name: 'dns', protocol: 'UDP', port: 53, endpoints: { cluster: [] } });
});

t.test('those that are going take traffic only when none is ready, if they still serve', async (t) => {
  const left = [endpoint('10.40.0.2', going), endpoint('10.40.0.3', { ...going, serving: false })];
  t.same(ips(httpOf([slice(left)])?.cluster), ['10.40.0.2']);
  t.same(ips(httpOf([slice([...left, endpoint('10.40.0.4')])])?.cluster), ['10.40.0.4']);
  t.same(httpOf([slice(left)])?.terminating, ['10.40.0.2:8080', '10.40.0.3:8080']);
});

t.test('the last local ones count by themselves, but not for a health check', async (t) => {
  const found = httpOf([slice([endpoint('10.40.0.2', going, 'pi'), endpoint('10.40.2.3')])]);
  t.same([ips(found?.cluster), ips(found?.local), found?.readyLocal], [['10.40.2.3'], ['10.40.0.2'], []]);
});

t.test('an endpoint that is not ready keeps its connections: it is still present', async (t) => {
  t.same(httpOf([slice([endpoint('10.40.0.2', { ready: false })])])?.present, ['10.40.0.2:8080']);
});

t.test('an endpoint that is in two slices for a moment counts once', async (t) => {
  const found = httpOf([slice([endpoint('10.40.0.2', going)]), slice([endpoint('10.40.0.2')])]);
  t.same([ips(found?.cluster), found?.present], [['10.40.0.2'], ['10.40.0.2:8080']]);
});

t.test('an endpoint of two slices is of this board where one of them says so', async (t) => {
  const { nodeName: _, ...nowhere } = endpoint('10.40.0.2');
  for (const slices of [
    [nowhere, endpoint('10.40.0.2', {}, 'pi')],
    [endpoint('10.40.0.2', {}, 'pi'), nowhere],
  ])
    t.same(ips(httpOf(slices.map((one) => slice([one])))?.local), ['10.40.0.2']);
});

t.test('a headless Service has no address, an ExternalName not even a port', async (t) => {
  const headless = serviceView(web([], { clusterIP: 'None', externalIPs: ['1.2.3.4'] }), pi);
  t.match(headless, { clusterIP: '', ports: [], externalIPs: [] });
  const external = web([], { type: 'ExternalName', externalName: 'example.com', externalIPs: ['1.2.3.4'] });
  t.match(serviceView(external, pi), { ports: [], externalIPs: [] });
});

t.test('affinity has a time, and only ClientIP asks for it', async (t) => {
  const config = { clientIP: { timeoutSeconds: 10 } };
  const asked = web([], { sessionAffinity: 'ClientIP', sessionAffinityConfig: config });
  t.equal(serviceView(asked, pi).affinityMs, 10_000);
  t.equal(serviceView(web([], { sessionAffinity: 'None' }), pi).affinityMs, undefined);
});

t.test('annotations ask for a balance, a limit and the PROXY protocol; nonsense is told', async (t) => {
  const annotations = {
    'edge-cluster.io/balance': 'least-connections',
    'edge-cluster.io/max-connections': '20',
    'edge-cluster.io/proxy-protocol': 'v2',
  };
  t.same(serviceView(web([], {}, { annotations }), pi).options, {
    balance: 'least-connections',
    maxConnections: 20,
    proxyProtocol: 2,
  });
  const bad = { 'edge-cluster.io/balance': 'best', 'edge-cluster.io/max-connections': '-1' };
  const view = serviceView(web([], {}, { annotations: bad }), pi);
  t.same(view.options, { balance: 'round-robin' });
  t.match(view.notes, [/balance: "best" is ignored/, /whole number from 1/]);
});

t.test('a Service of two families has endpoints of each, in their order', async (t) => {
  const v4 = slice([endpoint('10.40.0.2')]);
  const v6 = slice([endpoint('fd00:10:40::2')], { addressType: 'IPv6' });
  const clusterIPs = ['fd00:10:48::5', '10.48.0.5'];
  const spec = { clusterIP: 'fd00:10:48::5', clusterIPs, ipFamilies: ['IPv6', 'IPv4'] };
  const view = serviceView(web([v4, v6], spec), pi);
  t.match(view, { clusterIP: 'fd00:10:48::5', secondClusterIP: '10.48.0.5' });
  t.same(view.ports[0]?.endpoints.cluster, [{ ip: 'fd00:10:40::2', port: 8080 }]);
  t.same(view.ports[0]?.secondEndpoints?.cluster, [{ ip: '10.40.0.2', port: 8080 }]);
});

t.test('addresses of IPv6 are known whichever way they are spelled', async (t) => {
  const slices = [slice([endpoint('FD00:10:40:0::2')], { addressType: 'IPv6' })];
  const externalIPs = ['2001:DB8::9', '2001:db8:0:0::9', '203.0.113.5'];
  const spec = { ipFamilies: ['IPv6'], clusterIP: 'fd00:10:48:0:0::5', externalIPs };
  const view = serviceView(web(slices, spec), pi);
  t.match(view, { family: 'IPv6', clusterIP: 'fd00:10:48::5' });
  t.same(view.externalIPs, ['2001:db8::9', '203.0.113.5']);
  t.same(ips(view.ports[0]?.endpoints.cluster), ['fd00:10:40::2']);
});

t.test(
  'traffic stays with the endpoints that are hinted for this board, else for its zone, else it goes to all',
  async (t) => {
    const at = (ip: string, node: string, zone: string) => ({
      ...endpoint(ip, {}, node),
      zone,
      hints: hintsFor(node, zone),
    });
    const chosen = (endpoints: readonly Endpoint[], place: Place) =>
      ips(serviceView(web([slice(endpoints)]), place).ports[0]?.endpoints.cluster);
    const [own, near, far] = [
      at('10.40.0.2', 'pi', 'a'),
      at('10.40.2.2', 'near', 'a'),
      at('10.40.4.2', 'far', 'b'),
    ];
    const all = [own, near, far];
    t.same(chosen(all, { nodeName: 'pi', zone: 'a' }), ['10.40.0.2'], 'its own');
    t.same(chosen(all, pi), ['10.40.0.2'], 'its own, wherever it is');
    t.same(chosen(all, { nodeName: 'other', zone: 'a' }), ['10.40.0.2', '10.40.2.2'], 'those of its zone');
    const every = ['10.40.0.2', '10.40.2.2', '10.40.4.2'];
    t.same(chosen(all, { nodeName: 'other', zone: 'c' }), every, 'none is for its zone');
    t.same(chosen(all, { nodeName: 'other' }), every, 'a board of no zone');
    t.same(
      chosen([own, near, { ...far, hints: {} }], { nodeName: 'pi', zone: 'a' }),
      every,
      'one has no hint',
    );
    const zonesAlone = all.map((one) => ({ ...one, hints: { forZones: one.hints.forZones ?? [] } }));
    t.same(chosen(zonesAlone, { nodeName: 'pi', zone: 'b' }), ['10.40.4.2'], 'zones alone are asked for');
    const left = [{ ...own, conditions: going }, near, far];
    t.same(chosen(left, { nodeName: 'pi', zone: 'a' }), ['10.40.2.2'], 'its own is going');
    const last = all.map((one) => ({ ...one, conditions: going }));
    t.same(chosen(last, { nodeName: 'pi', zone: 'a' }), every, 'of the last ones, all');
  },
);

t.test('hints do not touch what only endpoints of this board are asked for', async (t) => {
  const own = { ...endpoint('10.40.0.2', {}, 'pi'), hints: { forZones: [{ name: 'b' }] } };
  const other = { ...endpoint('10.40.2.2'), hints: { forZones: [{ name: 'a' }] } };
  const found = serviceView(web([slice([own, other])]), { nodeName: 'pi', zone: 'a' }).ports[0]?.endpoints;
  t.same([ips(found?.cluster), ips(found?.local)], [['10.40.2.2'], ['10.40.0.2']]);
  t.same(found?.readyLocal, ['10.40.0.2']);
});

t.test('what carries the name of another proxy, or is marked headless, is left alone', async (t) => {
  const slices = [slice([endpoint('10.40.0.2')])];
  const spec = { externalIPs: ['203.0.113.5'], healthCheckNodePort: 32001 };
  for (const name of ['service-proxy-name', 'headless']) {
    const labels = { [`service.kubernetes.io/${name}`]: '' };
    const view = serviceView(web(slices, spec, { labels, loadBalancerIPs: ['192.168.1.7'] }), pi);
    t.same([view.ports, view.externalIPs, view.healthCheckNodePort], [[], [], undefined], name);
    const marked = [...slices, slice([endpoint('10.40.2.2')], { labels })];
    t.same(ips(httpOf(marked)?.cluster), ['10.40.0.2'], `a slice, ${name}`);
  }
});

t.test('addresses of a load balancer are the boards’ own, or another program’s by its class', async (t) => {
  const more = { loadBalancerIPs: ['192.168.1.240'] };
  const ofClass = (loadBalancerClass?: string, type = 'LoadBalancer') =>
    serviceView(web([], { type, ...(loadBalancerClass ? { loadBalancerClass } : {}) }, more), pi);
  const none = { loadBalancerIPs: [], balancedIPs: undefined };
  t.match(ofClass(), { ...none, loadBalancerIPs: ['192.168.1.240'] });
  t.match(ofClass('edge-cluster.io/boards'), { ...none, loadBalancerIPs: ['192.168.1.240'] });
  t.match(ofClass('metallb.io/metallb'), { ...none, balancedIPs: ['192.168.1.240'] });
  t.match(ofClass(undefined, 'NodePort'), none);
  const odd = web(
    [],
    { type: 'LoadBalancer', loadBalancerClass: 'a/b' },
    { loadBalancerIPs: ['x', '1.2.3.4 }', 'fd00:0::1'] },
  );
  t.same(serviceView(odd, pi).balancedIPs, ['fd00::1']);
});
