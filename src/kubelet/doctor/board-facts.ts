// Looks at this board for the doctor: files, and podman's version. Changes nothing.
import { release } from 'node:os';
import { BoardFiles, listOf } from '../board/board-files.ts';
import { BoardLoadMeter } from '../board/board-load.ts';
import { type Machine, preflight, thisMachine } from '../runtime/podman/preflight.ts';
import type { BoardFacts } from './board-checks.ts';

export interface BoardFactsOptions {
  nodePorts: { first: number; last: number };
  nowMs: number;
  machine?: Machine;
  /** Where the files of the running system are; `/` but in tests. */
  root?: string;
}

const MODULES = ['overlay', 'veth', 'bridge', 'nf_tables', 'nf_nat', 'nf_conntrack'];
const PROGRAMS = ['ip', 'nft'];
/** The folder that the agent writes to unless told otherwise, or the one it will be made in. */
const DATA_DIR = '/var/lib';
/** As ProcessLock names it in the abstract namespace. */
const AGENT_LOCK = '@edge-cluster-agent';
/** `st` of a socket that listens, in /proc/net/tcp. */
const LISTEN = '0A';

export async function boardFacts(options: BoardFactsOptions): Promise<BoardFacts> {
  const files = new BoardFiles(options.root);
  const machine = options.machine ?? thisMachine;
  const model = (await files.text('proc/device-tree/model')) ?? '';
  const hasFirmwareFolder = (await files.text('boot/firmware/cmdline.txt')) !== undefined;
  return {
    isRoot: process.getuid?.() === 0,
    podman: await podmanOf(machine),
    cgroupControllers: await controllersOf(files),
    missingModules: await missingModules(files),
    missingPrograms: await missingPrograms(machine),
    isRaspberryPi: model.startsWith('Raspberry Pi'),
    cmdlinePath: hasFirmwareFolder ? '/boot/firmware/cmdline.txt' : '/boot/cmdline.txt',
    load: await new BoardLoadMeter(DATA_DIR, files).measure(options.nowMs),
    heldNodePorts: await heldPorts(files, options.nodePorts),
  };
}

async function podmanOf(machine: Machine): Promise<BoardFacts['podman']> {
  const result = await preflight(machine);
  if ('problem' in result) return { problem: result.problem.message };
  const { podmanVersion, ociRuntime } = result.settings;
  return { version: podmanVersion, ociRuntime };
}

/** v2 lists what is on; of v1 the last column of /proc/cgroups says it. */
async function controllersOf(files: BoardFiles): Promise<string[]> {
  const unified = listOf((await files.text('sys/fs/cgroup/cgroup.controllers')) ?? '');
  const rows = ((await files.text('proc/cgroups')) ?? '').split('\n').map((row) => row.split('\t'));
  const enabled = rows.filter(([name = '#', , , isOn]) => !name.startsWith('#') && isOn === '1');
  return unified.length > 0 ? unified : enabled.map(([name = '']) => name);
}

async function missingModules(files: BoardFiles): Promise<string[]> {
  const folder = `lib/modules/${release()}`;
  const lists = ['modules.builtin', 'modules.dep'].map((name) => files.text(`${folder}/${name}`));
  const [builtIn = '', loadable = ''] = await Promise.all(lists);
  const loaded = (await files.text('proc/modules')) ?? '';
  const fileSystems = (await files.text('proc/filesystems')) ?? '';
  const symbols = builtIn || loadable ? '' : ((await files.text('proc/kallsyms')) ?? '');
  return MODULES.filter((name) => {
    const file = new RegExp(`/${name.replace('_', '[_-]')}\\.ko`);
    const isLoaded =
      new RegExp(`^${name} `, 'm').test(loaded) || new RegExp(`\\s${name}$`, 'm').test(fileSystems);
    return !isLoaded && !file.test(builtIn) && !file.test(loadable) && !hasSymbols(symbols, name);
  });
}

/** A kernel without a modules folder, as in small virtual machines: its own names tell what is in it. */
function hasSymbols(symbols: string, name: string): boolean {
  const names: Readonly<Record<string, string>> = { bridge: 'br_add_bridge', nf_tables: 'nft_register_expr' };
  return new RegExp(`\\s${names[name] ?? `${name}_`}`).test(symbols);
}

async function missingPrograms(machine: Machine): Promise<string[]> {
  const found = await Promise.all(PROGRAMS.map((name) => machine.find(name)));
  return PROGRAMS.filter((_, index) => !found[index]);
}

/** While the agent runs, those are its own. */
async function heldPorts(
  files: BoardFiles,
  { first, last }: BoardFactsOptions['nodePorts'],
): Promise<number[]> {
  if (((await files.text('proc/net/unix')) ?? '').includes(AGENT_LOCK)) return [];
  const tables = await Promise.all(['proc/net/tcp', 'proc/net/tcp6'].map((name) => files.text(name)));
  const ports = tables.flatMap((table) => (table ?? '').split('\n').slice(1).flatMap(listeningPort));
  return [...new Set(ports.filter((port) => port >= first && port <= last))].sort((a, b) => a - b);
}

function listeningPort(row: string): number[] {
  const [, local = '', , state] = row.trim().split(/\s+/);
  return state === LISTEN ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
}
