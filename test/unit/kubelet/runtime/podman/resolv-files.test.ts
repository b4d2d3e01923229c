import t from 'tap';
import { resolvText, withoutLoopback } from '../../../../../src/kubelet/runtime/podman/resolv-files.ts';

t.test('a resolver file says what the pod asks for, and nothing else', async (t) => {
  const dns = { servers: ['10.48.0.10', '1.1.1.1'], searches: ['a.b', 'b'], options: ['ndots:5', 'rotate'] };
  t.equal(
    resolvText(dns),
    'search a.b b\nnameserver 10.48.0.10\nnameserver 1.1.1.1\noptions ndots:5 rotate\n',
  );
  t.equal(resolvText({ servers: [], searches: [], options: [] }), '');
});

t.test("servers that only the board itself can reach are left out of a pod's", async (t) => {
  const text = 'nameserver 127.0.0.53\nnameserver ::1\nnameserver 192.168.1.1\nsearch lan\n';
  t.equal(withoutLoopback(text), 'nameserver 192.168.1.1\nsearch lan\n');
});
