import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { pauseProfile, writePauseProfile } from '../../../../../src/kubelet/runtime/podman/pause-seccomp.ts';

const machine = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  archMap: [{ architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] }],
  syscalls: [
    { names: ['read', 'pause'], action: 'SCMP_ACT_ALLOW', args: [], includes: {} },
    { names: ['chroot'], action: 'SCMP_ACT_ALLOW', args: null, includes: { caps: ['CAP_SYS_CHROOT'] } },
    { names: ['kexec_load'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
    { names: ['personality'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }] },
  ],
};

t.test(
  'the pause container has the machine’s filter without foreign architectures and arguments',
  async (t) => {
    const { archMap: _, ...rest } = machine;
    t.same(pauseProfile(machine), { ...rest, syscalls: machine.syscalls.slice(0, 3) });
  },
);

t.test('it is made of the first profile that the machine has', async (t) => {
  const dir = t.testdir({ 'own.json': JSON.stringify(machine), 'bad.json': '{', 'list.json': '[]' });
  const written = await writePauseProfile(
    join(dir, 'run'),
    ['none', 'own', 'bad'].map((name) => join(dir, `${name}.json`)),
  );
  t.same(JSON.parse(await readFile(written ?? '', 'utf8')), pauseProfile(machine));
  t.equal(await writePauseProfile(join(dir, 'run'), []), undefined);
  for (const name of ['bad.json', 'list.json'])
    await t.rejects(writePauseProfile(join(dir, 'run'), [join(dir, name)]), {
      reason: 'RuntimeUnavailable',
      message: new RegExp(`${name} is no seccomp profile`),
    });
});
