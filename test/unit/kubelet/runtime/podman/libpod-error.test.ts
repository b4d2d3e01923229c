import t from 'tap';
import {
  asRuntimeError,
  isNameInUse,
  isNotFound,
  libpodError,
} from '../../../../../src/kubelet/runtime/podman/libpod-error.ts';
import { RuntimeError } from '../../../../../src/kubelet/runtime/runtime.ts';

const answer = (status: number, message: string, cause = '') =>
  libpodError(status, JSON.stringify({ cause, message, response: status }));

t.test('an answer is read whether it is JSON or not', async (t) => {
  t.match(answer(404, 'no container with name x', 'no such container'), {
    status: 404,
    message: 'no container with name x',
    podmanCause: 'no such container',
  });
  t.equal(libpodError(502, 'gateway\n').message, 'gateway');
  t.equal(isNotFound(answer(404, 'x')), true);
});

t.test(
  'a container that goes in the middle of a call counts as not found, whatever the status',
  async (t) => {
    const words = 'container 0eb5 does not exist in database: no such container';
    t.equal(isNotFound(answer(500, words, 'no such container')), true);
    t.equal(isNotFound(answer(500, 'no such image', 'no such image')), false);
  },
);

t.test('a taken name is known by its words, for podman answers 500', async (t) => {
  const words =
    'creating container storage: the container name "a" is already in use by 12. You have to remove that container to be able to reuse that name: that name is already in use';
  t.equal(isNameInUse(answer(500, words)), true);
  t.equal(isNameInUse(answer(500, 'no such image')), false);
});

t.test('an error keeps its reason once it has one', async (t) => {
  const error = new RuntimeError('RuntimeUnavailable', 'gone');
  t.equal(asRuntimeError(error, 'CreateContainerError'), error);
  t.match(asRuntimeError(new Error('bad'), 'CreateContainerError'), {
    reason: 'CreateContainerError',
    message: 'bad',
  });
});

t.test('words that help nobody are followed by what they mean', async (t) => {
  const said = (message: string) => asRuntimeError(new Error(message), 'RunContainerError').message;
  t.match(said('runc: exec /start: exec format error'), /not built for this board/);
  const group = '/sys/fs/cgroup/libpod_parent/libpod-ee89/cgroup.controllers';
  for (const words of [
    'crun: opening file `memory.max` for writing: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    `crun: controller \`pids\` is not available under ${group}: OCI runtime error`,
  ]) {
    t.match(said(words), /edgectl doctor/);
    t.notMatch(said(words), /command that was not found/);
  }
  t.equal(said('opening file /etc/hosts: permission denied'), 'opening file /etc/hosts: permission denied');
});
