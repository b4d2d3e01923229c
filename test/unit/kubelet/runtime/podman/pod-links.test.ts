import t from 'tap';
import {
  bridgeLines,
  bridgeLineV6,
  cableLine,
  cableName,
  gatewayOf,
  hasRoute,
  type Link,
  linkIndex,
  podLines,
  podLinesV6,
} from '../../../../../src/kubelet/runtime/podman/pod-links.ts';

const RANGE = '10.40.2.0/23';
const link = (own: Partial<Link> & { ifname: string }): Link => ({ flags: [], addr_info: [], ...own });
const bridge = (own: Partial<Link> = {}) =>
  link({ ifname: 'edge0', address: '52:ab:00:00:00:01', linkinfo: { info_kind: 'bridge' }, ...own });
const having = (local: string, prefixlen: number) => ({ addr_info: [{ family: 'inet', local, prefixlen }] });

t.test('the gateway is the first address of the range', async (t) => {
  t.equal(gatewayOf(RANGE), '10.40.2.1');
  t.throws(() => gatewayOf('fd00::/64'), /not an IPv4 range/);
});

t.test('a bridge that is missing is made, with a MAC address that stays', async (t) => {
  t.same(bridgeLines('edge0', RANGE, [link({ ifname: 'eth0' })]), [
    'link add edge0 address 0a:58:0a:28:02:01 type bridge',
    'address add 10.40.2.1/23 dev edge0',
    'link set edge0 up',
  ]);
});

t.test('pods whose bridge somebody removed are put on the new one', async (t) => {
  const veth = { linkinfo: { info_kind: 'veth' } };
  const cables = [
    link({ ifname: 'edge-0a280205', ...veth }),
    link({ ifname: 'edge-0a280206', ...veth, master: 'other' }),
    link({ ifname: 'veth0', ...veth }),
  ];
  t.same(bridgeLines('edge0', RANGE, cables).slice(3), ['link set edge-0a280205 master edge0']);
});

t.test("another version's bridge keeps its MAC address from now on, and the pods on it go on", async (t) => {
  const links = [bridge(having('10.40.2.1', 23)), link({ ifname: 'veth0', master: 'edge0' })];
  t.same(bridgeLines('edge0', RANGE, links), [
    'link set edge0 address 52:ab:00:00:00:01',
    'link set edge0 up',
  ]);
});

t.test('a bridge of another range is changed when no pod is on it', async (t) => {
  const links = [bridge(having('10.40.8.1', 23))];
  t.match(bridgeLines('edge0', RANGE, links), [
    'address flush dev edge0',
    'link set edge0 address 52:ab:00:00:00:01',
    'address add 10.40.2.1/23 dev edge0',
  ]);
  const words = /edge0 has 10\.40\.8\.1\/23 instead of 10\.40\.2\.1\/23 while pods are on it/;
  t.throws(() => bridgeLines('edge0', RANGE, [...links, link({ ifname: 'x', master: 'edge0' })]), words);
});

t.test('something else of the name is left alone', async (t) => {
  t.throws(() => bridgeLines('edge0', RANGE, [link({ ifname: 'edge0' })]), /edge0 is there and no bridge/);
});

t.test(
  "a cable's name and MAC address follow from the pod's address, so that no other can have it",
  async (t) => {
    t.equal(cableName('10.40.3.254'), 'edge-0a2803fe');
    t.equal(
      cableLine('10.40.3.254', { pid: 77, bridgeIndex: 5 }),
      'link add edge-0a2803fe netns 77 master if5 up type veth peer name eth0 address 0a:58:0a:28:03:fe',
    );
    t.same(podLines('10.40.3.254', RANGE), [
      'address add 10.40.3.254/23 dev eth0',
      'link set lo up',
      'link set eth0 up',
      'route add default via 10.40.2.1',
    ]);
  },
);

t.test('a second family has its gateway on the same bridge, and each pod its way there', async (t) => {
  const range = 'fd00:10:40:1::/64';
  t.equal(bridgeLineV6('edge0', range), 'address replace fd00:10:40:1::1/64 dev edge0 nodad');
  t.same(podLinesV6('fd00:10:40:1::5', range), [
    'address add fd00:10:40:1::5/64 dev eth0 nodad',
    'route add ::/0 via fd00:10:40:1::1 dev eth0',
  ]);
  t.throws(() => bridgeLineV6('edge0', 'pods'), /pods is not an IPv6 range/);
});

t.test("a device's number is read as the kernel writes it", async (t) => {
  const igmp = `Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
23\tedge0     :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
4\tedge0-longer:     2      V3
`;
  t.equal(linkIndex(igmp, 'edge0'), 23);
  t.equal(linkIndex(igmp, 'edge0-longer'), 4);
  t.equal(linkIndex(igmp, 'Device'), undefined);
  t.equal(linkIndex(igmp, 'edge1'), undefined);
});

t.test('routes are read as the kernel writes them', async (t) => {
  const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102280A\t0003\t0\t0\t0\t00000000\t0\t0\t0
edge0\t0002280A\t00000000\t0001\t0\t0\t0\t00FEFFFF\t0\t0\t0
`;
  t.ok(hasRoute(routes, 'eth0', '0.0.0.0/0'));
  t.notOk(hasRoute(routes, 'edge0', '0.0.0.0/0'));
  t.ok(hasRoute(routes, 'edge0', RANGE));
  t.notOk(hasRoute(routes, 'edge0', '10.40.2.0/24'));
  t.notOk(hasRoute(routes, 'edge0', '10.40.0.0/23'));
  t.notOk(hasRoute('', 'edge0', RANGE));
});
