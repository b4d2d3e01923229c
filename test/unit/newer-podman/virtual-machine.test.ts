// The virtual machine of `npm run test:podman -- --vm`, but for what only running it shows.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { shellLine } from '../../newer-podman/machine/make-disk.ts';
import { qemuArguments, whyNoMachine } from '../../newer-podman/machine/virtual-machine.ts';

t.test('what is missing for it is said with what to do', async (t) => {
  t.match(
    whyNoMachine('x64', () => false),
    /apt-get install qemu-system-x86/,
  );
  t.match(
    whyNoMachine('arm64', () => true),
    /x86-64/,
  );
  t.equal(
    whyNoMachine('x64', () => true),
    undefined,
  );
});

t.test('it is bounded, emulated, and writes to none of its disks', async (t) => {
  const words = qemuArguments({ kernel: '/k', initrd: '/i', disk: '/d' }, '/checkout', '/work');
  const after = (flag: string) => words.flatMap((word, n) => (word === flag ? [words[n + 1] ?? ''] : []));
  t.match(after('-accel'), [/^tcg/]);
  t.strictSame([after('-m'), after('-smp')], [['1536'], ['2']]);
  t.strictSame(
    after('-drive').map((drive) => drive.includes('snapshot=on')),
    [true, true],
  );
});

t.test('a command comes through the shell as it was', async (t) => {
  const words = ["it's", 'a  b', '$HOME', '"'];
  const printed = execFileSync('sh', ['-c', shellLine(['printf', '%s|', ...words])], { encoding: 'utf8' });
  t.equal(printed, words.map((word) => `${word}|`).join(''));
});
