import t from 'tap';
import { networkCondition } from '../../../src/network/network-condition.ts';
import { findProblems } from '../../../src/network/network-problems.ts';

const listenAddress = '169.254.48.1';
const desired = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  peers: [],
  virtualPorts: [],
};

t.test('a LAN inside the pod range is told, with both ranges', async (t) => {
  const problems = findProblems('ip', desired, {
    foreignRoutes: [{ dst: '10.41.7.0/24', dev: 'eth0' }],
    chains: [],
    listenAddress,
  });
  t.match(problems, [{ reason: 'RangeOverlap', message: /10\.40\.0\.0\/13.*10\.41\.7\.0\/24/ }]);
});

t.test('a way around the whole range blocks nothing, a board within it does', async (t) => {
  t.match(
    findProblems('ip', desired, { foreignRoutes: [{ dst: '10.0.0.0/8' }], chains: [], listenAddress }),
    [
      { reason: 'RangeOverlap', isBlocking: false },
      { reason: 'RangeOverlap', isBlocking: false },
    ],
  );
  const peers = [{ address: '10.48.3.3', podCIDR: '10.40.2.0/23' }];
  const found = findProblems(
    'ip',
    { ...desired, address: '10.41.0.5', peers },
    { foreignRoutes: [], chains: [], listenAddress },
  );
  t.match(found, [
    {
      reason: 'AddressInRange',
      isBlocking: true,
      message: /10\.41\.0\.5, the address of this board.*pod range/,
    },
    { reason: 'AddressInRange', isBlocking: true, message: /10\.48\.3\.3, .* another board.*Service range/ },
  ]);
});

t.test('what blocks makes the network unavailable, what does not is told beside it', async (t) => {
  const chain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };
  const dropped = findProblems('ip', desired, { foreignRoutes: [], chains: [chain], listenAddress });
  t.match(networkCondition(dropped), { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' });
  const both = findProblems('ip', desired, {
    foreignRoutes: [{ dst: '10.41.7.0/24' }],
    chains: [chain],
    listenAddress,
  });
  t.match(networkCondition(both), {
    status: 'True',
    reason: 'RangeOverlap',
    message: /10\.41\.7\.0\/24: give the board's own network another range/,
  });
  t.notMatch(networkCondition(both).message, /FORWARD/);
});

t.test('ordinary LANs and the default route are no problem', async (t) => {
  const routes = [{ dst: 'default' }, { dst: '192.168.1.0/24' }, { dst: '172.17.0.0/16' }];
  t.same(findProblems('ip', desired, { foreignRoutes: routes, chains: [], listenAddress }), []);
});

t.test('a firewall that drops what is forwarded is told by its name', async (t) => {
  const chain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };
  t.match(findProblems('ip', desired, { foreignRoutes: [], chains: [chain], listenAddress }), [
    { reason: 'ForwardingDropped', message: /filter FORWARD/ },
  ]);
});

t.test(
  'a firewall that lets nothing in is told with a rule that lets pods in, but for iptables',
  async (t) => {
    const input = { hook: 'input', policy: 'drop' };
    const chains = [
      { family: 'ip', table: 'filter', name: 'INPUT', ...input },
      { family: 'inet', table: 'wall', name: 'in', ...input },
      { family: 'inet', table: 'open', name: 'in', ...input, policy: 'accept' },
    ];
    t.match(findProblems('ip', desired, { foreignRoutes: [], chains, listenAddress }), [
      {
        reason: 'ServicesDropped',
        message: /chain wall in drops/,
        mend: /nft insert rule inet wall in ip saddr 10\.40\.0\.0\/13 ip daddr 169\.254\.48\.1 accept$/,
        isBlocking: false,
      },
    ]);
  },
);

t.test('IPv6 is looked at with its own ranges, routes and chains, and blocks nothing', async (t) => {
  const v6 = { podRange: 'fd00:10:40::/48', serviceRange: 'fd00:10:48::/112', peers: [] };
  const hook = { hook: 'forward', policy: 'drop' };
  const own = {
    listenAddress: 'fd00:10:40:1:ec::1',
    foreignRoutes: [{ dst: 'fd00:10:40:7::/64' }, { dst: '2001:db8::/64' }, { dst: 'fe80::/64' }],
    chains: [
      { family: 'ip', table: 'filter', name: 'FORWARD', ...hook },
      { family: 'ip6', table: 'filter', name: 'FORWARD', ...hook },
      { family: 'inet', table: 'wall', name: 'pass', ...hook },
    ],
  };
  const found = findProblems('ip6', v6, own);
  t.match(found, [
    { message: /pod range fd00:10:40::\/48 overlaps the board's route to fd00:10:40:7::\/64/ },
    { mend: /ip6tables -I FORWARD -s fd00:10:40::\/48 -j ACCEPT$/ },
    { mend: /nft insert rule inet wall pass ip6 saddr fd00:10:40::\/48 accept$/ },
  ]);
  t.equal(found.length, 3);
  t.same(new Set(found.map(({ isBlocking }) => isBlocking)), new Set([false]), 'IPv4 goes on');
});
