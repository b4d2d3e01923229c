// The board's resolver, as pods in and outside of its network can use it.
import t from 'tap';
import { hostResolver, hostResolverText } from '../../../../src/kubelet/board/host-resolver.ts';

t.test("servers that only the board itself can reach are left out of a pod's", async (t) => {
  const text = 'nameserver 127.0.0.1\nnameserver ::1\nnameserver 192.168.1.1\nsearch lan\n';
  const board = t.testdir({ etc: { 'resolv.conf': text } });
  t.equal(await hostResolverText(false, board), 'nameserver 192.168.1.1\nsearch lan\n');
  t.same((await hostResolver(false, board)).servers, ['192.168.1.1']);
  t.equal(await hostResolverText(true, board), text, 'as it is, on the network of the board');
});

t.test('in place of the stub of systemd-resolved a pod has the servers behind it', async (t) => {
  const stub = 'nameserver 127.0.0.53\noptions edns0\nsearch lan\n';
  const real = 'nameserver 192.168.1.1\nsearch lan\n';
  const resolved = { systemd: { resolve: { 'resolv.conf': real } } };
  const board = t.testdir({ etc: { 'resolv.conf': stub }, run: resolved });
  t.equal(await hostResolverText(false, board), real);
  t.equal(await hostResolverText(true, board), stub);
  t.same((await hostResolver(true, board)).servers, ['127.0.0.53']);
});

t.test('a board without a resolver has none for its pods', async (t) => {
  t.same(await hostResolver(false, t.testdir({})), { servers: [], searches: [], options: [] });
});
