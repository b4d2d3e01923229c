import fc from 'fast-check';
import t from 'tap';
import { NumberAllocator } from '../../../../src/apiserver/strategies/number-allocator.ts';
import { firstServiceAddress, usableRange } from '../../../../src/apiserver/strategies/service-addresses.ts';
import { formatIpv4 } from '../../../../src/base/ipv4.ts';

t.test('every number of a range is given once, then none; a released one comes back', async (t) => {
  const all = new NumberAllocator({ first: 1, last: 10 }, { first: 5, last: 10 }, () => 0.5);
  const given = Array.from({ length: 10 }, () => all.next());
  t.same(
    [...given].sort((a, b) => Number(a) - Number(b)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  t.ok(
    given.slice(0, 6).every((value) => Number(value) >= 5),
    'the dynamic part is used first',
  );
  t.equal(all.next(), undefined);
  all.release(3);
  t.equal(all.next(), 3);
});

t.test('what was just released is not given out again at once', async (t) => {
  const range = { first: 1, last: 100 };
  const all = new NumberAllocator(range, range, () => 0);
  const value = all.next();
  all.release(value as number);
  t.not(all.next(), value);
});

t.test('no number is ever held twice', async () => {
  const steps = fc.array(fc.oneof(fc.constant('next' as const), fc.integer({ min: 0, max: 12 })));
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 0.99, noNaN: true }), (actions, start) => {
      const all = new NumberAllocator({ first: 0, last: 9 }, { first: 4, last: 9 }, () => start);
      const held = new Set<number>();
      for (const action of actions) {
        const value = action === 'next' ? all.next() : action;
        if (value === undefined) {
          if (held.size !== 10) return false;
        } else if (action === 'next') {
          if (held.has(value)) return false;
          held.add(value);
        } else {
          all.release(value);
          held.delete(value);
        }
      }
      return true;
    }),
  );
});

t.test('a range of Services has neither its network nor its broadcast address', async (t) => {
  t.equal(firstServiceAddress('10.48.0.0/16'), '10.48.0.1');
  const { first, last } = usableRange('10.48.0.0/16');
  t.equal(formatIpv4(first), '10.48.0.1');
  t.equal(formatIpv4(last), '10.48.255.254');
  t.throws(() => usableRange('10.48.0.0'), /must be an IPv4 range/);
});
