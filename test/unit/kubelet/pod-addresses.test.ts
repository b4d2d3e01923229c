import t from 'tap';
import { PodAddresses, secondAddress } from '../../../src/kubelet/pod-addresses.ts';

t.test('addresses leave out the network, the gateway and the broadcast address', async (t) => {
  const addresses = new PodAddresses();
  const given = [1, 2, 3, 4, 5].map(() => addresses.reserve('10.40.2.0/29', new Set()));
  t.same(given, ['10.40.2.2', '10.40.2.3', '10.40.2.4', '10.40.2.5', '10.40.2.6']);
  t.equal(addresses.reserve('10.40.2.0/29', new Set()), undefined, 'all are taken');
});

t.test('what the engine holds and what is being started are left out', async (t) => {
  const addresses = new PodAddresses();
  t.equal(addresses.reserve('10.40.2.0/23', new Set(['10.40.2.2'])), '10.40.2.3');
  t.equal(addresses.reserve('10.40.2.0/23', new Set()), '10.40.2.4');
});

t.test('an address just freed is not handed out at once', async (t) => {
  const addresses = new PodAddresses();
  const first = addresses.reserve('10.40.2.0/29', new Set());
  addresses.release(first ?? '');
  t.equal(addresses.reserve('10.40.2.0/29', new Set()), '10.40.2.3');
});

t.test('a /23 has 509 addresses, over the byte border', async (t) => {
  const addresses = new PodAddresses();
  const given = new Set<string>();
  for (
    let next = addresses.reserve('10.40.2.0/23', given);
    next;
    next = addresses.reserve('10.40.2.0/23', given)
  ) {
    given.add(next);
  }
  t.equal(given.size, 509);
  t.ok(given.has('10.40.3.0') && given.has('10.40.3.254') && !given.has('10.40.3.255'));
});

for (const cidr of ['10.40.2.0', '10.40.2.0/33', 'pods', '10.40.300.0/24', '10.40.2.0/']) {
  t.test(`${cidr} is refused as a pod range`, async (t) => {
    t.throws(() => new PodAddresses().reserve(cidr, new Set()), /is no pod range/);
  });
}

t.test('a pod gets the address back that it had, and others take it last', async (t) => {
  const addresses = new PodAddresses();
  const promised = new Set(['10.40.2.2', '10.40.2.4']);
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { promised }), '10.40.2.3');
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { before: '10.40.2.4', promised }), '10.40.2.4');
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { promised }), '10.40.2.5');
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { promised }), '10.40.2.6');
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { promised }), '10.40.2.2', 'no other is left');
});

t.test('an address of another range, or that somebody has by now, is not given back', async (t) => {
  const addresses = new PodAddresses();
  t.equal(addresses.reserve('10.40.2.0/29', new Set(), { before: '10.41.0.9' }), '10.40.2.2');
  const inUse = new Set(['10.40.2.4']);
  t.equal(addresses.reserve('10.40.2.0/29', inUse, { before: '10.40.2.4' }), '10.40.2.3');
});

t.test('a second address has the place in its range that the first has in its own', async (t) => {
  t.equal(secondAddress('10.40.2.5', '10.40.2.0/23', 'fd00:10:40:1::/64'), 'fd00:10:40:1::5');
  t.equal(secondAddress('10.40.3.0', '10.40.2.0/23', 'fd00:10:40:1::/64'), 'fd00:10:40:1::100');
  t.equal(secondAddress('10.40.2.5', 'pods', 'fd00:10:40:1::/64'), undefined);
});
