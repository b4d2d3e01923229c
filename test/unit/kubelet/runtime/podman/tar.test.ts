import t from 'tap';
import { tar } from '../../../../../src/kubelet/runtime/podman/tar.ts';

t.test('an archive holds files, folders and links in whole blocks', async (t) => {
  const archive = tar([
    { path: 'bin/', folder: true },
    { path: 'bin/tool', content: Buffer.from('hello'), mode: 0o755 },
    { path: 'bin/link', linkTo: 'tool' },
  ]);
  t.equal(archive.length % 512, 0);
  const header = (block: number) => archive.subarray(block * 512, (block + 1) * 512);
  t.equal(header(0).toString('latin1', 156, 157), '5');
  t.equal(header(1).toString('latin1', 0, 8), 'bin/tool');
  t.equal(header(1).toString('latin1', 124, 135), '00000000005');
  t.equal(header(2).toString('latin1', 0, 5), 'hello');
  t.equal(header(3).toString('latin1', 157, 161), 'tool');
});

t.test('equal content gives an equal archive', async (t) => {
  const entry = { path: 'a', content: Buffer.from('x'), mode: 0o644 };
  t.same(tar([entry]), tar([{ ...entry }]));
});

t.test('a path that does not fit is refused', async (t) => {
  t.throws(() => tar([{ path: 'a'.repeat(101), linkTo: 'b' }]), /too long/);
});
