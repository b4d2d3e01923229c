import t from 'tap';
import { pauseProfile } from '../../../../../src/kubelet/runtime/podman/pause-seccomp.ts';

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
