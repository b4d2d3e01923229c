import t from 'tap';
import { type Machine, preflight } from '../../../../../src/kubelet/runtime/podman/preflight.ts';

const capable = 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
const withoutSysResource = 'Name:\tnode\nCapEff:\t000001fffeffffff\n';
const limits = [
  'Limit                     Soft Limit           Hard Limit           Units',
  'Max processes             96365                96365                processes',
  'Max open files            1024                 20000                files',
].join('\n');

interface Findings {
  programs?: string[];
  version?: string;
  isCgroup2?: boolean;
  isSystemd?: boolean;
  status?: string;
}

const everything = ['podman', 'netavark', 'catatonit', 'crun', 'runc'];

function machine(findings: Findings): Machine {
  const programs = findings.programs ?? everything;
  return {
    find: async (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
    podmanVersionLine: async () => findings.version ?? 'podman version 5.4.2',
    isCgroup2: async () => findings.isCgroup2 ?? true,
    isSystemdRunning: async () => findings.isSystemd ?? true,
    limits: async () => limits,
    status: async () => findings.status ?? capable,
    pidMax: async () => 32768,
  };
}

async function settings(findings: Findings) {
  const result = await preflight(machine(findings));
  if ('problem' in result) throw new Error(result.problem.message);
  return result.settings;
}

async function problem(findings: Findings): Promise<string> {
  const result = await preflight(machine(findings));
  return 'problem' in result ? result.problem.message : 'none';
}

const without = (program: string) => ({ programs: everything.filter((one) => one !== program) });

t.test('a board with systemd and cgroup v2 runs crun under systemd with limits of podman', async (t) => {
  t.match(await settings({}), { ociRuntime: 'crun', cgroupManager: 'systemd', podmanVersion: '5.4.2' });
  t.equal((await settings({})).ulimits, undefined);
});

t.test('a machine with hybrid cgroups and no systemd runs runc on cgroupfs', async (t) => {
  const found = await settings({ isCgroup2: false, isSystemd: false });
  t.match(found, { ociRuntime: 'runc', cgroupManager: 'cgroupfs' });
});

t.test(
  'where limits cannot be raised containers get the hard ones, and no more processes than pid_max',
  async (t) => {
    const found = await settings({ status: withoutSysResource });
    t.strictSame(found.ulimits, { openFiles: 20000, processes: 32768 });
  },
);

t.test('each thing that is missing is named with the package to install', async (t) => {
  for (const program of ['podman', 'netavark', 'catatonit']) {
    t.match(await problem(without(program)), new RegExp(`${program}.*install`));
  }
  t.match(await problem({ ...without('runc'), isCgroup2: false }), /install the package runc/);
  t.match(await problem({ programs: ['podman', 'netavark', 'catatonit'] }), /install the package crun/);
});

t.test('a podman that is too old is refused with its version', async (t) => {
  for (const old of ['3.4.4', '4.2.0']) t.match(await problem({ version: `podman version ${old}` }), old);
  for (const good of ['4.3.1', '4.10.0', '5.0.0']) {
    t.equal((await settings({ version: `podman version ${good}` })).podmanVersion, good);
  }
  t.match(await problem({ version: 'garbage' }), /does not tell its version/);
});
