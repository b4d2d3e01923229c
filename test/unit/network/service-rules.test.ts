import t from 'tap';
import type { KernelPort } from '../../../src/network/kernel-port.ts';
import { ipv4Rules, ipv6Rules, type RulePlace } from '../../../src/network/rule-family.ts';
import { renderServices, renderSweep } from '../../../src/network/service-rules.ts';

const place: RulePlace = {
  family: ipv4Rules,
  podRange: '10.40.0.0/13',
  podCIDR: '10.40.0.0/23',
  serviceRange: '10.48.0.0/16',
  listenAddress: '169.254.48.1',
};
const place6: RulePlace = {
  family: ipv6Rules,
  podRange: 'fd00:10:40::/48',
  podCIDR: 'fd00:10:40:1::/64',
  serviceRange: 'fd00:10:48::/112',
  listenAddress: 'fd00:10:40:1:ec::1',
};
const near = { ip: '10.40.0.5', port: 8080 };
const far = { ip: '10.40.2.5', port: 8080 };
const port = (more: Partial<KernelPort> = {}): KernelPort => ({
  ip: '10.48.0.9',
  protocol: 'tcp',
  port: 80,
  isOpen: false,
  isOwn: false,
  backend: 'default/web/tcp/80',
  insiders: 'Cluster',
  outsiders: 'Cluster',
  sourceRanges: [],
  endpoints: { Cluster: [near, far], Local: [near] },
  ...more,
});
const rendered = (...ports: KernelPort[]) => renderServices(place, ports);
const NEAR_CHAIN = 'ep/default/web/tcp/80/10.40.0.5/8080';
const FAR_CHAIN = 'ep/default/web/tcp/80/10.40.2.5/8080';

t.test('endpoints take turns, and all of them are known', async (t) => {
  const { text, names } = rendered(port());
  t.match(text, '10.48.0.9 . tcp . 80 : goto Cluster/default/web/tcp/80');
  t.match(text, `numgen inc mod 2 vmap { 0 : goto ${NEAR_CHAIN}, 1 : goto ${FAR_CHAIN} }`);
  t.match(
    text,
    /set endpoints {\n.*\n +elements = {\n +10\.40\.0\.5 \. tcp \. 8080,\n +10\.40\.2\.5 \. tcp \. 8080\n/,
  );
  t.same([...names].sort(), [
    'chain Cluster/default/web/tcp/80',
    `chain ${NEAR_CHAIN}`,
    `chain ${FAR_CHAIN}`,
    `counter ${NEAR_CHAIN}`,
    `counter ${FAR_CHAIN}`,
  ]);
});

t.test('connections are counted by endpoint, in counters that outlive a change of the rules', async (t) => {
  const { text } = rendered(port());
  t.match(text, `  counter ${NEAR_CHAIN} { }\n`);
  t.match(text, `counter name "${NEAR_CHAIN}" meta l4proto tcp dnat to 10.40.0.5:8080`);
  t.notMatch(text, 'reset counter');
});

t.test('UDP goes the same way, and is refused where no endpoint takes a port of the board', async (t) => {
  const { text } = rendered(port({ protocol: 'udp', backend: 'default/web/udp/80' }));
  t.match(text, '10.48.0.9 . udp . 80 : goto Cluster/default/web/udp/80');
  t.match(text, 'meta l4proto udp dnat to 10.40.0.5:8080');
  t.match(text, 'meta l4proto udp meta l4proto . th dport @ports reject\n');
});

t.test('connections to an endpoint that is no more are reset, those of the board too', async (t) => {
  const { text, names } = renderServices(place, [port()], [{ ip: '10.40.2.9', port: 8080 }]);
  t.match(text, /set gone {\n.*\n +elements = {\n +10\.40\.2\.9 \. 8080\n/);
  t.equal(text.match(/@gone reject with tcp reset$/gm)?.length, 2);
  t.ok(names.has('chain parted/arriving'), 'swept when nobody is gone any more');
  t.notMatch(rendered(port()).text, 'parted', 'no packet passes them for nothing');
});

t.test('the same world gives the same text, whatever the order of its ports', async (t) => {
  const [a, b] = [port(), port({ ip: '10.48.0.8', backend: 'default/other/tcp/80' })];
  t.equal(rendered(a, b).text, rendered(b, a).text);
});

t.test('ways whose terms differ decide before the endpoints, the others go straight', async (t) => {
  const node = port({ ip: '0.0.0.0', port: 30080, isOpen: true, isOwn: true, outsiders: 'Local' });
  const { text } = rendered(port(), node);
  t.match(text, 'tcp . 30080 : goto way/0.0.0.0/tcp/30080');
  t.match(
    text,
    /chain way\/0\.0\.0\.0\/tcp\/30080 {\n +ip saddr 10\.40\.0\.0\/13 goto Cluster\/.*\n +fib saddr type local goto Cluster\/.*\n +goto Local\/default\/web\/tcp\/80\n/,
  );
});

t.test('clients with affinity are noted by endpoint, for a time that is part of the name', async (t) => {
  const { text, names } = rendered(port({ affinityS: 60 }));
  t.ok(names.has('set sticky/60s/default/web/tcp/80/10.40.0.5/8080'));
  t.match(text, 'flags dynamic, timeout; timeout 60s;');
  t.match(text, 'numgen inc mod 2 vmap { 0 : goto ep/default/web/tcp/80/10.40.0.5/8080,');
  t.notMatch(text, 'flush set ip edge_services sticky', 'they are kept when the rules change');
});

t.test('a pod that is an endpoint is left to the sockets, though nobody said where it runs', async (t) => {
  const { text } = rendered(port({ endpoints: { Cluster: [near, far], Local: [] } }));
  t.match(text, /chain Cluster\/default\/web\/tcp\/80 {\n +ip saddr { 10\.40\.0\.5 } accept\n/);
});

t.test('an endpoint of this board that is meant for others is an endpoint all the same', async (t) => {
  const { text } = rendered(port({ outsiders: 'Local', endpoints: { Cluster: [far], Local: [near] } }));
  t.match(
    text,
    /chain Cluster\/default\/web\/tcp\/80 {\n +ip saddr { 10\.40\.0\.5 } accept\n +goto ep\/.*10\.40\.2/,
  );
  t.match(text, /set endpoints {[^}]*10\.40\.0\.5 \. tcp \. 8080/);
});

t.test('who is masqueraded keeps its port, as long as nobody else has it', async (t) => {
  const { text } = rendered(port());
  t.equal(text.match(/ masquerade$/gm)?.length, 3);
});

t.test('a way that leads nowhere is no element; a port of the board is then refused', async (t) => {
  const none = { Cluster: [], Local: [] };
  const { text } = rendered(
    port({ endpoints: none }),
    port({ ip: '0.0.0.0', port: 30080, isOpen: true, isOwn: true, endpoints: none }),
  );
  t.notMatch(text, ': goto');
  t.match(text, /set ports {\n.*\n +elements = {\n +tcp \. 30080\n/);
});

t.test('what is no longer named is deleted by itself', async (t) => {
  const stale = ['set sticky/1s/a', 'counter ep/a', 'chain Cluster/a'];
  t.equal(
    renderSweep(ipv4Rules, stale),
    'delete chain ip edge_services Cluster/a\ndelete counter ip edge_services ep/a\ndelete set ip edge_services sticky/1s/a\n',
    'what names another goes first',
  );
});

t.test('IPv6: the same shape in a table of its own, with names that have no colons', async (t) => {
  const [near, far] = ['fd00:10:40:1::5', 'fd00:10:40:2::5'].map((ip) => ({ ip, port: 8080 }));
  const endpoints = { Cluster: [near, far], Local: [near] } as KernelPort['endpoints'];
  const service = port({ ip: 'fd00:10:48::9', endpoints, affinityS: 60 });
  const node = port({ ip: '::', port: 30080, isOpen: true, isOwn: true, outsiders: 'Local', endpoints });
  const { text, names } = renderServices(place6, [service, node], [{ ip: 'fd00:10:40:2::9', port: 80 }]);
  const chain = 'ep/default/web/tcp/80/fd00.10.40.2..5/8080';
  t.match(text, `counter name "${chain}" meta l4proto tcp dnat to [fd00:10:40:2::5]:8080`);
  t.match(text, 'fd00:10:48::9 . tcp . 80 : goto Cluster/default/web/tcp/80');
  t.match(text, /chain way\/\.\.\/tcp\/30080 {\n +ip6 saddr fd00:10:40::\/48 goto Cluster/);
  t.match(text, 'ip6 saddr { fd00:10:40:1::5 } accept');
  t.match(text, 'set sticky/60s/default/web/tcp/80/fd00.10.40.2..5/8080 { type ipv6_addr;');
  t.match(text, 'ct reply ip6 saddr . ct reply proto-src @gone reject with tcp reset');
  t.match(text, /ip6 daddr \. .* @endpoints snat to fd00:10:40:1:ec::1\n/);
  t.match(text, 'ip6 daddr != { ::1, fe80::/10, fd00:10:40:1:ec::1 }');
  t.notMatch(text, /\bip [sd]addr|table ip |ipv4_addr|\d+\.\d+\.\d+\.\d+\/\d/);
  t.ok(names.has(`counter ${chain}`));
  t.notMatch([...names].join(), ':');
});

t.test('of sources those of the family count, and where there are none nobody may come in', async (t) => {
  const node = port({ ip: '0.0.0.0', port: 80, isOpen: true, isOwn: true });
  const sources = (...sourceRanges: string[]) => rendered({ ...node, sourceRanges }).text;
  t.match(sources('192.0.2.0/24', '2001:db8::/32'), 'ip saddr != { 192.0.2.0/24 } accept');
  t.match(sources('2001:db8::/32'), /chain way\/0\.0\.0\.0\/tcp\/80 {\n {4}accept\n {2}}/);
});
