// What the logs of runc 1.1 and crun 1.21 say of a command.
import t from 'tap';
import { failureIn } from '../../../../../src/kubelet/runtime/podman/oci-exec.ts';

t.test(
  'why a command was not started is told in the words of the OCI runtime, without its time',
  async (t) => {
    const runc =
      '{"level":"error","msg":"exec failed: unable to start container process: exec: \\"/etc\\": is a directory","time":"2026-11-21T10:07:14Z"}\n';
    t.equal(failureIn(runc), 'exec failed: unable to start container process: exec: "/etc": is a directory');
    const crun =
      '{"msg":"executable file `/nope` not found: No such file or directory","level":"error","time":"2026-11-21T10:07:09.979105Z"}\n';
    t.equal(failureIn(crun), 'executable file `/nope` not found: No such file or directory');
  },
);

t.test('a command that ran and failed is no failure of the OCI runtime', async (t) => {
  t.equal(failureIn(''), undefined);
  t.equal(failureIn('{"level":"warning","msg":"no cgroup","time":"2026-11-21T10:07:14Z"}\n'), undefined);
});
