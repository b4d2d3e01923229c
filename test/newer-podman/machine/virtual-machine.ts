// Runs a command in a virtual machine that is booted for it: emulated (QEMU's TCG), as hardware's own help is not to be
// had everywhere. What it writes is gone with it, and it ends with this process, however that ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutDisk } from './checkout-disk.ts';
import { type MachineDisk, machineDisk } from './machine-disk.ts';

/** On the disk, as it takes gigabytes. */
const WORK_PREFIX = '/var/tmp/edge-cluster-machine-';
const QEMU = 'qemu-system-x86_64';
const MEMORY_MIB = 1536;
const CPUS = 2;
/**
 * Without cx16: of QEMU 7.2's unlocked cmpxchg16b, which kernels since 6.5 allocate memory by, the flags are wrong after
 * an interrupt, and the kernel's memory is damaged within seconds.
 */
const CPU = 'max,-cx16,-la57';

export interface MachineRun {
  /** Of the checkout. */
  root: string;
  /** Folders of programs in the checkout, relative to it. */
  programFolders: readonly string[];
}

/** Why this machine can have no virtual one, or undefined. `has` tells whether a program is found. */
export function whyNoMachine(arch: string, has: (program: string) => boolean): string | undefined {
  if (arch !== 'x64') return '--vm is of an x86-64 machine, as node_modules must be: run it on one';
  if (!has(QEMU)) return `--vm needs ${QEMU}, which is not there: apt-get install qemu-system-x86`;
  return undefined;
}

/** Resolves with the exit code of `command`, or 1 for a machine that ended before it. */
export async function runInMachine(run: MachineRun, command: readonly string[]): Promise<number> {
  const machine = await machineDisk();
  const work = await mkdtemp(WORK_PREFIX);
  try {
    const own = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const path = [...run.programFolders.map((folder) => join('/edge-cluster', folder)), own];
    const checkout = await checkoutDisk(run.root, work, command, path);
    const args = qemuArguments(machine, checkout, work);
    // The kernel ends QEMU when this process is killed.
    const words = ['--pdeathsig', 'KILL', '--', QEMU, ...args];
    const env = { ...process.env, TMPDIR: work };
    await ended(spawn('setpriv', words, { env, stdio: ['ignore', 'inherit', 'inherit'] }));
    return await exitCode(work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Of three serial lines, the first is the console, the second what the command prints, the third its exit code. */
export function qemuArguments(machine: MachineDisk, checkout: string, work: string): string[] {
  const drive = (path: string) => ['-drive', `file=${path},format=raw,if=virtio,snapshot=on,cache=unsafe`];
  const append = 'root=/dev/vda rw console=ttyS0 quiet panic=-1 net.ifnames=0 mitigations=off';
  return [
    ...['-accel', 'tcg,thread=multi', '-machine', 'q35', '-cpu', CPU],
    ...['-smp', String(CPUS), '-m', String(MEMORY_MIB), '-nodefaults', '-no-reboot', '-display', 'none'],
    ...['-kernel', machine.kernel, '-initrd', machine.initrd, '-append', append],
    ...drive(machine.disk),
    ...drive(checkout),
    ...['-device', 'virtio-rng-pci'],
    ...[
      '-serial',
      `file:${join(work, 'console')}`,
      '-serial',
      'stdio',
      '-serial',
      `file:${join(work, 'code')}`,
    ],
  ];
}

/** Resolves when it has; a Ctrl-C or a kill of this process ends it at once. */
async function ended(child: ChildProcess): Promise<void> {
  const end = () => child.kill('SIGKILL');
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', end);
}

async function exitCode(work: string): Promise<number> {
  const text = await readFile(join(work, 'code'), 'utf8').catch(() => '');
  if (/^\d+/.test(text)) return Number.parseInt(text, 10);
  const console = await readFile(join(work, 'console'), 'utf8').catch(() => '');
  const last = console.split('\n').slice(-40).join('\n');
  process.stderr.write(`The machine ended before the command did. Its console's end:\n${last}\n`);
  return 1;
}
