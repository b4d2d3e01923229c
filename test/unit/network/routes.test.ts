import t from 'tap';
import { desiredRoutes, routeCommands } from '../../../src/network/routes.ts';

const desired = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  peers: [{ address: '192.168.1.12', podCIDR: '10.40.2.0/23' }],
  virtualPorts: [],
};

t.test('a fresh board gets a route to every peer and one to the Service range', async (t) => {
  t.same(routeCommands(desiredRoutes(desired), []), [
    ['route', 'replace', '10.48.0.0/16', 'dev', 'lo', 'proto', '148', 'src', '169.254.48.1'],
    ['route', 'replace', '10.40.2.0/23', 'via', '192.168.1.12', 'proto', '148'],
  ]);
});

t.test('a board that is as it should be is left alone', async (t) => {
  const observed = [
    { dst: '10.48.0.0/16', dev: 'lo', prefsrc: '169.254.48.1' },
    { dst: '10.40.2.0/23', gateway: '192.168.1.12', dev: 'eth0' },
  ];
  t.same(routeCommands(desiredRoutes(desired), observed), []);
});

t.test('a peer that left loses its route, one that moved gets a new one', async (t) => {
  const observed = [
    { dst: '10.48.0.0/16', dev: 'lo' },
    { dst: '10.40.2.0/23', gateway: '192.168.1.99', dev: 'eth0' },
    { dst: '10.40.4.0/23', gateway: '192.168.1.13', dev: 'eth0' },
  ];
  t.same(routeCommands(desiredRoutes(desired), observed), [
    ['route', 'delete', '10.40.4.0/23', 'proto', '148'],
    ['route', 'replace', '10.40.2.0/23', 'via', '192.168.1.12', 'proto', '148'],
  ]);
});

t.test('a board without a pod range has no routes of ours', async (t) => {
  t.same(desiredRoutes({ ...desired, podCIDR: undefined }), []);
});
