// The second part of the flags of the cluster's ranges.
import t from 'tap';
import { ipv6Network } from '../../../src/bin/ipv6-ranges.ts';

const network = (pods: string, services: string, size = '64') =>
  ipv6Network({
    'cluster-cidr': pods,
    'service-cluster-ip-range': services,
    'node-cidr-mask-size-ipv6': size,
  });
const PODS = '10.40.0.0/13';
const SERVICES = '10.48.0.0/16';

t.test('a cluster has one family unless both ranges have a second part', async (t) => {
  t.equal(network(PODS, SERVICES), undefined);
  t.same(network(`${PODS},FD00:10:40:0::9/48`, `${SERVICES}, fd00:10:48::/112`), {
    podRange: 'fd00:10:40::/48',
    nodePrefix: 64,
    serviceRange: 'fd00:10:48::/112',
  });
});

const refused: [string, [string, string, string?], RegExp][] = [
  ['pods alone', [`${PODS},fd00:10:40::/48`, SERVICES], /--service-cluster-ip-range has none: both have one/],
  ['Services alone', [PODS, `${SERVICES},fd00:10:48::/112`], /--cluster-cidr has none: both have one/],
  ['IPv6 first', [`fd00:10:40::/48,${PODS}`, SERVICES], /takes the IPv4 range first/],
  ['three', [`${PODS},fd00:10:40::/48,fd01::/48`, SERVICES], /one range of each family/],
  [
    'IPv4 twice',
    [`${PODS},10.60.0.0/16`, `${SERVICES},fd00:10:48::/112`],
    /takes an IPv6 range of \/48 to \/64 second/,
  ],
  ['no range', [`${PODS},wide`, `${SERVICES},fd00:10:48::/112`], /not 'wide'/],
  ['more boards than are counted', [`${PODS},fd00::/40`, `${SERVICES},fd00:10:48::/112`], /of \/48 to \/64/],
  ['too many Services', [`${PODS},fd00:10:40::/48`, `${SERVICES},fd00:10:48::/64`], /of \/108 to \/120/],
  [
    'link-local',
    [`${PODS},fe80::/48`, `${SERVICES},fd00:10:48::/112`],
    /is not for hosts: take one of fd00::\/8/,
  ],
  ['multicast', [`${PODS},ff00::/48`, `${SERVICES},fd00:10:48::/112`], /is not for hosts/],
  ['each other', [`${PODS},fd00:10:48::/48`, `${SERVICES},fd00:10:48::/112`], /overlap/],
  [
    'a share too small',
    [`${PODS},fd00::/64`, `${SERVICES},fd01::/112`, '80'],
    /--node-cidr-mask-size-ipv6 takes/,
  ],
];
for (const [what, argv, message] of refused) {
  t.test(`refused in one line: ${what}`, async (t) => {
    t.throws(() => network(...argv), { message });
  });
}
