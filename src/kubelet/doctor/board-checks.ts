// What a pod needs of the board itself, each with what is found and how to mend it. Pure: facts in, checks out.
import type { BoardLoad } from '../board/board-load.ts';
import { findingsOf } from '../health/board-findings.ts';
import { shortages } from '../health/thresholds.ts';

export interface BoardCheck {
  name: string;
  status: 'ok' | 'warning' | 'problem';
  message: string;
  mend?: string;
}

export interface BoardFacts {
  isRoot: boolean;
  /** What preflight says: a version line, or the problem in its words. */
  podman: { version: string; ociRuntime: string } | { problem: string };
  /** Controllers of cgroup v2 or v1 that are on. */
  cgroupControllers: readonly string[];
  /** Kernel modules that pods need and that are neither built in, nor loaded, nor there to be loaded. */
  missingModules: readonly string[];
  /** Programs that the agent calls and that are not there. */
  missingPrograms: readonly string[];
  isRaspberryPi: boolean;
  /** Where the firmware reads the kernel's command line, such as `/boot/firmware/cmdline.txt`. */
  cmdlinePath: string;
  load: BoardLoad;
  /** Ports for Services that other programs hold. */
  heldNodePorts: readonly number[];
}

const PACKAGES: Readonly<Record<string, string>> = { ip: 'iproute2', nft: 'nftables' };

export function boardChecks(facts: BoardFacts): BoardCheck[] {
  return [
    facts.isRoot
      ? ok('user', 'root')
      : problem('user', 'not root: podman, networks and devices need it', 'run it with sudo'),
    podmanCheck(facts),
    programsCheck(facts),
    ...cgroupChecks(facts),
    modulesCheck(facts),
    portsCheck(facts),
    ...loadChecks(facts),
  ];
}

function podmanCheck({ podman }: BoardFacts): BoardCheck {
  if ('version' in podman) return ok('podman', `podman ${podman.version} with ${podman.ociRuntime}`);
  const [what = podman.problem, mend = 'install podman, netavark, catatonit and crun'] =
    podman.problem.split(': ');
  return problem('podman', what, mend);
}

function programsCheck({ missingPrograms }: BoardFacts): BoardCheck {
  if (missingPrograms.length === 0) return ok('programs', 'ip and nft are there');
  const packages = missingPrograms.map((program) => PACKAGES[program] ?? program).join(' ');
  return problem('programs', `missing: ${missingPrograms.join(', ')}`, `apt install ${packages}`);
}

/** Raspberry Pi OS turns memory accounting off; without it no limit holds and one pod can take the board down. */
function cgroupChecks({ cgroupControllers, isRaspberryPi, cmdlinePath }: BoardFacts): BoardCheck[] {
  return ['memory', 'cpu', 'pids'].map((controller) => {
    const name = `cgroup ${controller}`;
    if (cgroupControllers.includes(controller)) return ok(name, 'is on');
    const isMemory = controller === 'memory';
    const parameter = isMemory ? 'cgroup_enable=memory' : `cgroup_enable=${controller}`;
    const where = isRaspberryPi
      ? `the one line of ${cmdlinePath}`
      : 'GRUB_CMDLINE_LINUX of /etc/default/grub';
    return problem(
      name,
      `the kernel does not count ${controller} use`,
      `add ${parameter} to ${where} and reboot`,
    );
  });
}

function modulesCheck({ missingModules }: BoardFacts): BoardCheck {
  if (missingModules.length === 0) return ok('kernel', 'has what pods and their networks need');
  return problem(
    'kernel',
    `lacks ${missingModules.join(', ')}`,
    "install the distribution's whole kernel, and reboot when it was upgraded since the last boot",
  );
}

function portsCheck({ heldNodePorts }: BoardFacts): BoardCheck {
  if (heldNodePorts.length === 0)
    return ok('ports', 'no other program holds ports for Services (30000-32767)');
  const message = `other programs listen on ${heldNodePorts.join(', ')}, in the range for Services`;
  return {
    name: 'ports',
    status: 'warning',
    message,
    mend: 'let them listen elsewhere, outside 30000-32767',
  };
}

/** The same conditions that the Node shows. */
function loadChecks({ load }: BoardFacts): BoardCheck[] {
  return findingsOf(load, shortages(load)).map(({ type, isBad, bad, good }) => {
    if (!isBad) return ok(NAMES[type] ?? type, good.message);
    const [what = '', mend = MENDS[type] ?? 'end what uses it'] = bad.message.split(': ');
    const isFatal = type === 'ReadonlyFilesystem' || type === 'DiskPressure';
    return { name: NAMES[type] ?? type, status: isFatal ? 'problem' : 'warning', message: what, mend };
  });
}

const NAMES: Readonly<Record<string, string>> = {
  MemoryPressure: 'memory',
  DiskPressure: 'disk',
  PIDPressure: 'processes',
  UnderVoltage: 'power supply',
  Throttled: 'processor',
  HighTemperature: 'temperature',
  ClockNotSet: 'time',
  ReadonlyFilesystem: 'file system',
};
const MENDS: Readonly<Record<string, string>> = {
  MemoryPressure: 'end what uses it, or take a board with more',
  DiskPressure: 'remove files or images (podman image prune), or take a larger card',
  Throttled: 'look at power supply and temperature',
};

function ok(name: string, message: string): BoardCheck {
  return { name, status: 'ok', message };
}

function problem(name: string, message: string, mend: string): BoardCheck {
  return { name, status: 'problem', message, mend };
}
