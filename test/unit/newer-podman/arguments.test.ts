// What `npm run test:podman` takes.
import { join } from 'node:path';
import t from 'tap';
import { readArguments } from '../../newer-podman/arguments.ts';

const root = join(import.meta.dirname, '../../..');

t.test('without a file it runs the tests that podman matters to, and they are there', async (t) => {
  const { what, place } = readArguments([], root);
  const { files } = what as { files: string[] };
  t.ok(files.length > 10);
  t.strictSame(readArguments(files, root), { what: { files }, place });
  t.equal(place, 'as on the machine');
});

t.test('another command, and cgroup v2 alone, are asked for by flags', async (t) => {
  t.strictSame(readArguments(['--crun', '--run', 'bash', '-l'], root), {
    what: { command: ['bash', '-l'] },
    place: 'v2 alone',
  });
});

t.test('what is no test is refused by name', async (t) => {
  t.throws(() => readArguments(['test/e2e/none.test.ts'], root), { message: /no test file test\/e2e\/none/ });
  t.throws(() => readArguments(['--run'], root), { message: /needs a command/ });
});

t.test('a virtual machine is asked for by a flag, for files and for a command', async (t) => {
  const { what, place } = readArguments(['--vm', 'test/e2e/pod-life.test.ts'], root);
  t.strictSame([what, place], [{ files: ['test/e2e/pod-life.test.ts'] }, 'virtual machine']);
  t.strictSame(readArguments(['--vm', '--run', 'uname'], root).what, { command: ['uname'] });
});
