import t from 'tap';
import { networkCondition } from '../../../src/network/network-condition.ts';
import { findProblems } from '../../../src/network/network-problems.ts';

const desired = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  peers: [],
  virtualPorts: [],
};

t.test('a LAN inside the pod range is told, with both ranges', async (t) => {
  const problems = findProblems(desired, [{ dst: '10.41.7.0/24', dev: 'eth0' }], []);
  t.match(problems, [{ reason: 'RangeOverlap', message: /10\.40\.0\.0\/13.*10\.41\.7\.0\/24/ }]);
});

t.test('a way around the whole range blocks nothing, a board within it does', async (t) => {
  t.match(findProblems(desired, [{ dst: '10.0.0.0/8' }], []), [
    { reason: 'RangeOverlap', isBlocking: false },
    { reason: 'RangeOverlap', isBlocking: false },
  ]);
  const peers = [{ address: '10.48.3.3', podCIDR: '10.40.2.0/23' }];
  const found = findProblems({ ...desired, address: '10.41.0.5', peers }, [], []);
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
  const chain = { table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };
  const dropped = findProblems(desired, [], [chain]);
  t.match(networkCondition(dropped), { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' });
  const both = findProblems(desired, [{ dst: '10.41.7.0/24' }], [chain]);
  t.match(networkCondition(both), {
    status: 'True',
    reason: 'RangeOverlap',
    message: /10\.41\.7\.0\/24: give the board's own network another range/,
  });
  t.notMatch(networkCondition(both).message, /FORWARD/);
});

t.test('ordinary LANs and the default route are no problem', async (t) => {
  const routes = [{ dst: 'default' }, { dst: '192.168.1.0/24' }, { dst: '172.17.0.0/16' }];
  t.same(findProblems(desired, routes, []), []);
});

t.test('a firewall that drops what is forwarded is told by its name', async (t) => {
  const chain = { table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };
  t.match(findProblems(desired, [], [chain]), [{ reason: 'ForwardingDropped', message: /filter FORWARD/ }]);
});
