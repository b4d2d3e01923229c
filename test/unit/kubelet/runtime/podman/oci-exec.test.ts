import t from 'tap';
import { wordsOf } from '../../../../../src/kubelet/runtime/podman/oci-exec.ts';

t.test('what the OCI runtime says is told without its time', async (t) => {
  const runc =
    'time="2026-01-01T00:00:00Z" level=error msg="exec failed: unable to start container process: exec: \\"/nope\\": not found"\n';
  t.equal(wordsOf(runc), 'exec failed: unable to start container process: exec: "/nope": not found');
  const crun = '2026-01-01T00:00:00.000000Z: executable file `/nope` not found: No such file or directory\n';
  t.equal(wordsOf(crun), 'executable file `/nope` not found: No such file or directory');
  t.equal(wordsOf('two\nlines\n'), 'two\nlines');
});
