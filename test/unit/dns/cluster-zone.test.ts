// The records of https://github.com/kubernetes/dns/blob/master/docs/specification.md
import t from 'tap';
import type { BoardSlice } from '../../../src/api/board-service.ts';
import { ClusterZone } from '../../../src/dns/cluster-zone.ts';
import { alias, byKey, db, outside, web } from '../../support/dns-services.ts';

function zone(): ClusterZone {
  const zone = new ClusterZone({ domain: 'cluster.local', ownsAddress: (ip) => ip.startsWith('10.4') });
  zone.update(byKey(web, db, outside));
  return zone;
}
const data = (name: string, type: string) =>
  zone()
    .lookup(name, type)
    .answers.map((answer) => 'data' in answer && answer.data);

t.test('a Service is its address, and has none of another family', async (t) => {
  t.match(zone().lookup('web.default.svc.cluster.local', 'A').answers, [
    { type: 'A', name: 'web.default.svc.cluster.local', ttl: 5, data: '10.48.0.5' },
  ]);
  t.match(zone().lookup('web.default.svc.cluster.local', 'AAAA'), { rcode: 'NOERROR', answers: [] });
});

t.test('a headless Service is its ready endpoints, each of them first in turn', async (t) => {
  const headless = zone();
  const first = () =>
    headless.lookup('db.default.svc.cluster.local', 'A').answers.map((a) => 'data' in a && a.data);
  t.same(first(), ['10.40.0.2', '10.40.2.4']);
  t.same(first(), ['10.40.2.4', '10.40.0.2']);
});

t.test('an endpoint has the name of its pod, or of its address', async (t) => {
  t.same(data('db-0.db.default.svc.cluster.local', 'A'), ['10.40.0.2']);
  t.same(data('10-40-2-4.db.default.svc.cluster.local', 'A'), ['10.40.2.4']);
  t.equal(zone().lookup('db-1.db.default.svc.cluster.local', 'A').rcode, 'NXDOMAIN', 'it is not ready');
});

t.test('a headless Service without an endpoint does not exist', async (t) => {
  const empty = new ClusterZone({ domain: 'cluster.local', ownsAddress: () => false });
  empty.update(byKey({ ...db, slices: [] }));
  t.equal(empty.lookup('db.default.svc.cluster.local', 'A').rcode, 'NXDOMAIN');
});

t.test('a Service without ports has no SRV record, and is there all the same', async (t) => {
  const portless = new ClusterZone({ domain: 'cluster.local', ownsAddress: () => false });
  const slices = db.slices.map((slice) => ({ ...slice, ports: [] }));
  portless.update(byKey({ ...db, spec: { clusterIP: 'None' }, slices }));
  t.match(portless.lookup('db.default.svc.cluster.local', 'SRV'), { rcode: 'NOERROR', answers: [] });
  t.equal(portless.lookup('none.default.svc.cluster.local', 'SRV').rcode, 'NXDOMAIN');
});

t.test('a named port has an SRV record, with the addresses that it leads to', async (t) => {
  const own = zone().lookup('_http._tcp.web.default.svc.cluster.local', 'SRV');
  t.match(own.answers, [{ type: 'SRV', data: { port: 80, target: 'web.default.svc.cluster.local' } }]);
  t.match(own.additionals, [{ type: 'A', name: 'web.default.svc.cluster.local', data: '10.48.0.5' }]);
  const headless = zone().lookup('_sql._tcp.db.default.svc.cluster.local', 'SRV');
  t.match(headless.answers, [
    { data: { port: 5432, target: 'db-0.db.default.svc.cluster.local' } },
    { data: { port: 5432, target: '10-40-2-4.db.default.svc.cluster.local' } },
  ]);
  t.equal(headless.additionals.length, 2);
});

t.test('a port that is not there, or of the other protocol, does not exist', async (t) => {
  for (const name of ['_https._tcp.web', '_http._udp.web', '_._tcp.web', '_a._b._c.web']) {
    t.equal(zone().lookup(`${name}.default.svc.cluster.local`, 'SRV').rcode, 'NXDOMAIN', name);
  }
  t.match(zone().lookup('_tcp.web.default.svc.cluster.local', 'SRV'), { rcode: 'NOERROR', answers: [] });
});

t.test('an ExternalName is an alias that leads out', async (t) => {
  t.match(zone().lookup('outside.shop.svc.cluster.local', 'A'), {
    alias: 'www.example.com',
    answers: [{ type: 'CNAME', data: 'www.example.com' }],
  });
});

t.test('an ExternalName that no message of DNS can hold does not exist', async (t) => {
  const unsayable = new ClusterZone({ domain: 'cluster.local', ownsAddress: () => false });
  unsayable.update(
    byKey(alias('long', `${'x'.repeat(64)}.example.com`), alias('fits', `${'x'.repeat(63)}.example`)),
  );
  t.equal(unsayable.lookup('long.shop.svc.cluster.local', 'A').rcode, 'NXDOMAIN');
  t.match(unsayable.lookup('fits.shop.svc.cluster.local', 'A'), { rcode: 'NOERROR', alias: /^x{63}/ });
});

t.test('addresses have names: a Service before an endpoint of it', async (t) => {
  t.same(data('5.0.48.10.in-addr.arpa', 'PTR'), ['web.default.svc.cluster.local']);
  t.same(data('2.0.40.10.in-addr.arpa', 'PTR'), ['db-0.db.default.svc.cluster.local']);
  t.equal(zone().lookup('9.0.40.10.in-addr.arpa', 'PTR').rcode, 'NXDOMAIN', 'behind no headless Service');
});

t.test('a pod has a name that spells its address', async (t) => {
  t.same(data('10-40-0-2.default.pod.cluster.local', 'A'), ['10.40.0.2']);
  t.equal(zone().lookup('10-40-0.default.pod.cluster.local', 'A').rcode, 'NXDOMAIN');
});

t.test('names above others exist, and are empty; names below nothing do not', async (t) => {
  for (const name of [
    'cluster.local',
    'svc.cluster.local',
    'shop.svc.cluster.local',
    'default.pod.cluster.local',
  ]) {
    t.match(zone().lookup(name, 'A'), { rcode: 'NOERROR', answers: [] }, name);
  }
  const absent = ['x.cluster.local', 'none.svc.cluster.local', 'x.web.default.svc.cluster.local'];
  for (const name of [...absent, 'nobody.default.svc.cluster.local', 'a.outside.shop.svc.cluster.local']) {
    t.equal(zone().lookup(name, 'A').rcode, 'NXDOMAIN', name);
  }
  t.same(data('dns-version.cluster.local', 'TXT'), ['1.1.0']);
});

t.test('the zone says that it is one', async (t) => {
  t.match(zone().lookup('cluster.local', 'SOA'), {
    rcode: 'NOERROR',
    answers: [{ type: 'SOA', name: 'cluster.local', data: { mname: 'ns.dns.cluster.local', minimum: 5 } }],
  });
  t.same(zone().lookup('svc.cluster.local', 'SOA').answers, []);
});

t.test('what is outside the domain and the ranges is not ours', async (t) => {
  for (const name of ['example.com', 'notcluster.local', '1.0.168.192.in-addr.arpa', 'x.in-addr.arpa', '']) {
    t.notOk(zone().owns(name), name);
  }
  for (const name of ['cluster.local', 'a.cluster.local', '1.0.40.10.in-addr.arpa'])
    t.ok(zone().owns(name), name);
});

t.test('until the Services are known nothing is said of them', async (t) => {
  t.notOk(new ClusterZone({ domain: 'cluster.local', ownsAddress: () => false }).isKnown);
  t.ok(zone().isKnown);
});

t.test('addresses of both families stand under one name, and have names themselves', async (t) => {
  const both = new ClusterZone({ domain: 'cluster.local', ownsAddress: (ip) => ip.startsWith('fd00:10:4') });
  const spec = { ...web.spec, clusterIPs: ['10.48.0.5', 'fd00:10:48::5'] };
  const ready = { conditions: { ready: true } };
  const slices: BoardSlice[] = [
    ...db.slices,
    {
      addressType: 'IPv6',
      ports: [],
      endpoints: [{ ...ready, addresses: ['FD00:10:40:0::2'], hostname: 'db-0' }],
    },
  ];
  both.update(byKey({ ...web, spec }, { ...db, slices }));
  const answers = (name: string, type: string) =>
    both.lookup(name, type).answers.map((answer) => 'data' in answer && answer.data);
  t.same(answers('web.default.svc.cluster.local', 'A'), ['10.48.0.5']);
  t.same(answers('web.default.svc.cluster.local', 'AAAA'), ['fd00:10:48::5']);
  t.same(answers('db-0.db.default.svc.cluster.local', 'AAAA'), ['FD00:10:40:0::2']);
  const zeros = (count: number) => '0.'.repeat(count);
  const service = `5.${zeros(19)}8.4.0.0.0.1.0.0.0.0.d.f.ip6.arpa`;
  t.ok(both.owns(service));
  t.same(answers(service, 'PTR'), ['web.default.svc.cluster.local']);
  const pod = `2.${zeros(19)}0.4.0.0.0.1.0.0.0.0.d.f.ip6.arpa`;
  t.same(answers(pod, 'PTR'), ['db-0.db.default.svc.cluster.local']);
  t.notOk(both.owns('1.0.0.2.ip6.arpa'), 'a part of an address is forwarded');
  t.notOk(both.owns(`5.${zeros(19)}8.4.0.0.0.1.0.0.8.b.d.0.ip6.arpa`));
});
