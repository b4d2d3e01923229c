import t from 'tap';
import { resolvText } from '../../../../../src/kubelet/runtime/podman/resolv-files.ts';

t.test('a resolver file says what the pod asks for, and nothing else', async (t) => {
  const dns = { servers: ['10.48.0.10', '1.1.1.1'], searches: ['a.b', 'b'], options: ['ndots:5', 'rotate'] };
  t.equal(
    resolvText(dns),
    'search a.b b\nnameserver 10.48.0.10\nnameserver 1.1.1.1\noptions ndots:5 rotate\n',
  );
  t.equal(resolvText({ servers: [], searches: [], options: [] }), '');
});
