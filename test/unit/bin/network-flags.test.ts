// The cluster's ranges: what the flags take, and what a store that has others says.
import t from 'tap';
import type { Node, Service } from '../../../src/api/objects.ts';
import { defaultClusterNetwork, dnsAddressOf } from '../../../src/base/cluster-network.ts';
import { parseFlags } from '../../../src/bin/flags.ts';
import { clusterNetwork, networkFlags } from '../../../src/bin/network-flags.ts';
import { rangeProblem } from '../../../src/bin/stored-ranges.ts';

const network = (...argv: string[]) => clusterNetwork(parseFlags(networkFlags, argv));

t.test('without flags the ranges are the usual ones', async (t) => {
  t.same(network(), defaultClusterNetwork);
  t.equal(dnsAddressOf(network().serviceRange), '10.48.0.10');
});

t.test('others are taken, written as ranges are', async (t) => {
  const argv = ['--cluster-cidr', '172.20.9.9/16', '--service-cluster-ip-range=172.21.0.0/20'];
  const chosen = network(...argv, '--node-cidr-mask-size', '24');
  t.match(chosen, { podRange: '172.20.0.0/16', serviceRange: '172.21.0.0/20', nodePrefix: 24 });
  t.equal(dnsAddressOf(chosen.serviceRange), '172.21.0.10');
});

const refused: [string, string[], RegExp][] = [
  [
    'no range',
    ['--cluster-cidr', 'wide'],
    /--cluster-cidr takes an IPv4 range of \/8 to \/28 such as .*, not 'wide'/,
  ],
  ['an address alone', ['--cluster-cidr', '10.0.0.1'], /--cluster-cidr takes an IPv4 range/],
  ['IPv6', ['--cluster-cidr', 'fd00::/48'], /--cluster-cidr takes an IPv4 range/],
  ['too few Services', ['--service-cluster-ip-range', '10.48.0.0/29'], /of \/12 to \/28/],
  ['too many Services', ['--service-cluster-ip-range', '10.0.0.0/8'], /of \/12 to \/28/],
  [
    'each other',
    ['--cluster-cidr', '10.48.0.0/12'],
    /--cluster-cidr 10\.48\.0\.0\/12 and .* 10\.48\.0\.0\/16 overlap/,
  ],
  [
    'link-local',
    ['--service-cluster-ip-range', '169.254.48.0/24'],
    /overlaps 169\.254\.0\.0\/16: link-local/,
  ],
  ['multicast', ['--cluster-cidr', '239.0.0.0/8'], /overlaps 224\.0\.0\.0\/3/],
  [
    'a share wider than all',
    ['--node-cidr-mask-size', '12'],
    /--node-cidr-mask-size takes a whole number from 13 to 29/,
  ],
];

for (const [what, argv, message] of refused) {
  t.test(`refused in one line: ${what}`, async (t) => {
    t.throws(() => network(...argv), { name: 'Error', message });
  });
}

const service = (name: string, clusterIP: string) =>
  ({ metadata: { namespace: 'default', name }, spec: { clusterIP } }) as Service;
const node = (podCIDR?: string) => ({ metadata: { name: 'pi' }, spec: podCIDR ? { podCIDR } : {} }) as Node;
const problem = (services: Service[], nodes: Node[], argv: string[] = []) =>
  rangeProblem({ services, nodes }, network(...argv), '/data');

t.test('a store that is new, or fits, is no problem', async (t) => {
  const services = [service('kubernetes', '10.48.0.1'), service('web', '10.48.9.9'), service('db', 'None')];
  t.equal(problem([], []), undefined);
  t.equal(problem(services, [node('10.40.2.0/23'), node()]), undefined);
  t.equal(problem(services, [], ['--service-cluster-ip-range', '10.48.0.0/15']), undefined, 'more room');
  t.equal(
    problem(services, [node('10.40.2.0/23')], ['--node-cidr-mask-size', '24']),
    undefined,
    'for new boards',
  );
});

t.test('a store with other ranges says which, and how to begin anew', async (t) => {
  const other = ['--service-cluster-ip-range', '10.96.0.0/16'];
  const api = problem([service('kubernetes', '10.48.0.1')], [], other) ?? '';
  t.match(
    api,
    /API at 10\.48\.0\.1, with --service-cluster-ip-range 10\.96\.0\.0\/16 it would be 10\.96\.0\.1/,
  );
  t.match(api, /start with the ranges of before, or with another --data-dir to begin anew/);
  const narrow = ['--service-cluster-ip-range', '10.48.0.0/24'];
  const web = problem([service('kubernetes', '10.48.0.1'), service('web', '10.48.9.9')], [], narrow);
  t.match(
    web,
    /^Service default\/web has 10\.48\.9\.9, outside --service-cluster-ip-range 10\.48\.0\.0\/24: /,
  );
  t.match(
    problem([], [node('10.60.2.0/23')]),
    /^Node pi has the pods of 10\.60\.2\.0\/23, outside --cluster-cidr /,
  );
  t.match(problem([], [node('10.32.0.0/12')]), /outside --cluster-cidr/, 'more than all of it');
});

t.test('a second family is added by a comma, and taken from a store that has none of it', async (t) => {
  const argv = [
    '--cluster-cidr=10.40.0.0/13,fd00:10:40::/48',
    '--service-cluster-ip-range=10.48.0.0/16,fd00:10:48::/112',
  ];
  const ipv6 = { podRange: 'fd00:10:40::/48', nodePrefix: 64, serviceRange: 'fd00:10:48::/112' };
  t.same(network(...argv), { ...defaultClusterNetwork, ipv6 });
  const dual = {
    ...service('web', '10.48.9.9'),
    spec: { clusterIPs: ['10.48.9.9', 'fd00:10:48::9'] },
  } as Service;
  const board = {
    ...node('10.40.2.0/23'),
    spec: { podCIDRs: ['10.40.2.0/23', 'fd00:10:40:1::/64'] },
  } as Node;
  t.equal(
    problem([service('web', '10.48.9.9')], [node('10.40.2.0/23')], argv),
    undefined,
    'a store of before',
  );
  t.equal(problem([dual], [board], argv), undefined);
  t.match(
    problem([dual], []),
    /^Service default\/web has fd00:10:48::9, outside --service-cluster-ip-range 10\.48\.0\.0\/16: /,
  );
  t.equal(problem([], [board]), undefined, 'a board keeps a share that nobody uses');
  const moved = ['--cluster-cidr=10.40.0.0/13,fd00:99::/48', argv[1] ?? ''];
  t.match(
    problem([], [board], moved),
    /^Node pi has the pods of fd00:10:40:1::\/64, outside --cluster-cidr /,
  );
});
