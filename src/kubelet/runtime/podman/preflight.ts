// Looks at the machine before podman is used: what podman needs to be told, or one clear reason why it cannot work.
// Reads files only; the one process is `podman --version`.
import { execFile } from 'node:child_process';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isThere } from '../../../base/if-present.ts';
import type { MachineSettings } from './settings.ts';

/** What preflight asks of the machine; tests answer from a table. */
export interface Machine {
  /** Full path of an executable in one of `folders`, or in PATH without folders. */
  find(program: string, folders?: readonly string[]): Promise<string | undefined>;
  /** First line that `podman --version` prints. */
  podmanVersionLine(podmanPath: string): Promise<string>;
  /** Whether /sys/fs/cgroup is a pure cgroup v2 tree. */
  isCgroup2(): Promise<boolean>;
  isSystemdRunning(): Promise<boolean>;
  /** Text of /proc/self/limits and /proc/self/status. */
  limits(): Promise<string>;
  status(): Promise<string>;
  /** /proc/sys/kernel/pid_max */
  pidMax(): Promise<number>;
}

interface Problem {
  reason: 'RuntimeUnavailable';
  message: string;
}

type PreflightResult = { settings: MachineSettings } | { problem: Problem };

const oldestVersion = [4, 3] as const;
/** Where distributions put podman's helpers; the order is podman's own `helper_binaries_dir`. */
const helperFolders = [
  '/usr/local/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/libexec/podman',
  '/usr/lib/podman',
];
const catatonitFolders = [...helperFolders, '/usr/libexec/catatonit', '/usr/bin'];
/** Bit of CapEff in /proc/self/status, capability.h. */
const capSysResource = 24n;

/** Settings for this machine, or the first problem found, each with what to do about it. */
export async function preflight(machine: Machine): Promise<PreflightResult> {
  const podmanPath = await machine.find('podman');
  if (!podmanPath)
    return problem('podman is not installed: install the packages podman, netavark and catatonit');
  const podmanVersion = versionIn(await machine.podmanVersionLine(podmanPath));
  if (!podmanVersion) return problem(`${podmanPath} does not tell its version: reinstall podman`);
  if (isOlder(podmanVersion)) {
    return problem(
      `podman ${podmanVersion} is too old: version ${oldestVersion.join('.')} or newer is needed`,
    );
  }
  if (!(await machine.find('netavark', helperFolders))) {
    return problem('netavark, without which podman does not start, is missing: install the package netavark');
  }
  const catatonitPath = await machine.find('catatonit', catatonitFolders);
  if (!catatonitPath)
    return problem('catatonit, the program of pause containers, is missing: install the package catatonit');
  const ociRuntime = await chooseOciRuntime(machine);
  if (typeof ociRuntime !== 'string') return ociRuntime;
  return {
    settings: {
      podmanPath,
      podmanVersion,
      ociRuntime,
      cgroupManager: (await machine.isSystemdRunning()) ? 'systemd' : 'cgroupfs',
      ulimits: ulimitsFor(await machine.status(), await machine.limits(), await machine.pidMax()),
      catatonitPath,
    },
  };
}

/** crun refuses a v1 tree with a v2 mount in it ("cgroups in hybrid mode not supported"), runc takes every tree. */
async function chooseOciRuntime(machine: Machine): Promise<'crun' | 'runc' | { problem: Problem }> {
  const cgroup2 = await machine.isCgroup2();
  if (cgroup2 && (await machine.find('crun'))) return 'crun';
  if (await machine.find('runc')) return 'runc';
  if (cgroup2) return problem('no OCI runtime found: install the package crun');
  return problem('this kernel mounts cgroup v1, for which runc is needed: install the package runc');
}

/**
 * Limits at the hard limits where raising them is not allowed; podman's default of 1048576 files would be refused.
 * podman lowers its own process limit to pid_max, so a container cannot have more.
 */
function ulimitsFor(status: string, limits: string, pidMax: number): MachineSettings['ulimits'] {
  const capEff = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  const mayRaise = capEff !== undefined && ((BigInt(`0x${capEff}`) >> capSysResource) & 1n) === 1n;
  if (mayRaise) return undefined;
  const processes = Math.min(hardLimit(limits, 'Max processes'), pidMax);
  return { openFiles: hardLimit(limits, 'Max open files'), processes };
}

function hardLimit(limits: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1];
  return hard === undefined || hard === 'unlimited' ? 1048576 : Number(hard);
}

function versionIn(line: string): string | undefined {
  return /(\d+\.\d+(?:\.\d+)?)/.exec(line)?.[1];
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1]);
}

function problem(message: string): { problem: Problem } {
  return { problem: { reason: 'RuntimeUnavailable', message } };
}

/** statfs f_type of cgroup2, linux/magic.h. */
const cgroup2Magic = 0x63677270;

/** The machine this process runs on. */
export const thisMachine: Machine = {
  async find(program, folders) {
    for (const folder of folders ?? (process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(delimiter)) {
      const path = join(folder, program);
      if (await isExecutable(path)) return path;
    }
    return undefined;
  },
  async podmanVersionLine(podmanPath) {
    const { stdout } = await promisify(execFile)(podmanPath, ['--version'], { timeout: 20_000 });
    return stdout;
  },
  async isCgroup2() {
    return (await statfs('/sys/fs/cgroup')).type === cgroup2Magic;
  },
  isSystemdRunning: () => isThere('/run/systemd/system'),
  limits: () => readFile('/proc/self/limits', 'utf8'),
  status: () => readFile('/proc/self/status', 'utf8'),
  pidMax: async () => Number(await readFile('/proc/sys/kernel/pid_max', 'utf8')),
};

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
