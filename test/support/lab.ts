// A LAN of boards on one machine: every board has network, mount and host-name namespaces of its own and so
// its own podman store, joined by veth pairs to one switch. Everything carries the lab's name and goes with it.
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { patient } from './patience.ts';

const exec = promisify(execFile);

/** Every lab's namespaces begin so; a next run finds by it what a killed one left. */
const LAB_PREFIX = 'edgelab';
const stateRoot = '/var/tmp/edge-cluster-lab';

export interface Output {
  stdout: string;
  stderr: string;
}

export class Board {
  readonly name: string;
  readonly address: string;
  readonly dir: string;
  /** The switch's end of its cable. */
  readonly link: string;
  readonly #namespace: string;
  #holder: ChildProcess | undefined;

  constructor(name: string, namespace: string, link: string, address: string, dir: string) {
    this.name = name;
    this.address = address;
    this.dir = dir;
    this.#namespace = namespace;
    this.link = link;
  }

  /** Makes the namespaces; a process that only sleeps keeps them. */
  async boot(): Promise<void> {
    const containers = join(this.dir, 'containers');
    await mkdir(containers, { recursive: true });
    const script = [
      'set -e',
      'mount -t tmpfs tmpfs /run',
      'mount -t tmpfs tmpfs /dev/shm',
      'mkdir -p /run/lock /run/netns /var/lib/containers',
      `mount --bind ${containers} /var/lib/containers`,
      `hostname ${this.name}`,
      'echo ready',
      'exec sleep infinity',
    ].join('\n');
    const args = [
      `--net=/run/netns/${this.#namespace}`,
      'unshare',
      '--mount',
      '--uts',
      '--propagation',
      'private',
    ];
    this.#holder = spawn('nsenter', [...args, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      this.#holder?.stdout?.once('data', () => resolve());
      this.#holder?.once('exit', () => reject(new Error(`board ${this.name} did not boot`)));
    });
  }

  /** Starts a program on the board. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('nsenter', [...this.#enter(), command, ...args], { stdio: 'pipe', ...options });
  }

  /** Runs a program on the board to its end; rejects when it fails. */
  run(command: string, ...args: string[]): Promise<Output> {
    return exec('nsenter', [...this.#enter(), command, ...args], {
      maxBuffer: 1 << 26,
      timeout: patient(60_000),
    });
  }

  async unplug(): Promise<void> {
    await exec('ip', ['link', 'set', this.link, 'down']);
  }

  async plug(): Promise<void> {
    await exec('ip', ['link', 'set', this.link, 'up']);
  }

  /** As a pulled plug: every process ends at once, and all that was in memory is gone. Lab.reboot() boots it again. */
  async cutPower(): Promise<void> {
    await endAllIn(this.#namespace);
    await exec('ip', ['netns', 'delete', this.#namespace]);
  }

  /** Ends what runs on the board and takes it away. */
  async destroy(): Promise<void> {
    const { exitCode, signalCode } = this.#holder ?? {};
    if (exitCode === null && signalCode === null) {
      await this.run('podman', 'rm', '--all', '--force', '--time', '0').catch(() => undefined);
      await endAllIn(this.#namespace);
    }
    await exec('ip', ['netns', 'delete', this.#namespace]).catch(() => undefined);
    await eventually(() => rm(this.dir, { recursive: true, force: true }), 10_000, 200);
  }

  /** The process that keeps the board's namespaces: its files are below /proc/<pid>/root. */
  get holderPid(): number {
    const pid = this.#holder?.pid;
    if (pid === undefined) throw new Error(`board ${this.name} is not booted`);
    return pid;
  }

  #enter(): string[] {
    return [`--target=${this.holderPid}`, '--mount', '--net', '--uts', '--'];
  }
}

export class Lab {
  readonly name: string;
  readonly boards: Board[] = [];
  readonly #bridge: string;
  readonly #subnet: string;

  constructor(id = process.pid % 10_000) {
    this.name = `${LAB_PREFIX}${id}`;
    this.#bridge = `elb${id}`;
    // TEST-NET-like private range, one /24 per lab, away from the cluster's own ranges.
    this.#subnet = `10.199.${id % 250}`;
  }

  /** Address of the test itself on the LAN. */
  get address(): string {
    return `${this.#subnet}.1`;
  }

  async start(): Promise<void> {
    await sweepLabs();
    await exec('ip', ['link', 'add', this.#bridge, 'type', 'bridge']);
    await exec('ip', ['address', 'add', `${this.address}/24`, 'dev', this.#bridge]);
    await exec('ip', ['link', 'set', this.#bridge, 'up']);
  }

  async addBoard(name: string): Promise<Board> {
    const index = this.boards.length + 1;
    const namespace = `${this.name}-${name}`;
    const link = `${this.#bridge}p${index}`;
    const address = `${this.#subnet}.${index + 10}`;
    const board = new Board(name, namespace, link, address, labFolder(this, name));
    this.boards.push(board);
    await this.#wire(namespace, link, address);
    await board.boot();
    return board;
  }

  /** Boots a board whose power was cut: its disk is as it was, its network as a board's is at boot. */
  async reboot(board: Board): Promise<void> {
    // The kernel takes a namespace's interfaces away a little after the namespace.
    await eventually(() => this.#hasNo(board.link), 5_000);
    await this.#wire(`${this.name}-${board.name}`, board.link, board.address);
    await board.boot();
  }

  async #hasNo(link: string): Promise<boolean> {
    const { stdout } = await exec('ip', ['-o', 'link', 'show']);
    return !stdout.includes(` ${link}@`);
  }

  async #wire(namespace: string, link: string, address: string): Promise<void> {
    await exec('ip', ['netns', 'add', namespace]);
    await exec('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
    await exec('ip', ['link', 'set', link, 'master', this.#bridge, 'up']);
    const ip = (...args: string[]) => exec('ip', ['-n', namespace, ...args]);
    await ip('link', 'set', 'lo', 'up');
    await ip('address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('link', 'set', 'eth0', 'up');
    await ip('route', 'add', 'default', 'via', this.address);
  }

  async stop(): Promise<void> {
    for (const board of this.boards) await board.destroy();
    await exec('ip', ['link', 'delete', this.#bridge]).catch(() => undefined);
  }
}

/** Where a board of a lab keeps its files, before it is made too. */
export function labFolder(lab: Lab, boardName: string): string {
  return join(stateRoot, `${lab.name}-${boardName}`);
}

/** Removes what killed runs left: namespaces, their processes, bridges and folders. */
export async function sweepLabs(): Promise<void> {
  const { stdout } = await exec('ip', ['netns', 'list']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of names.filter((n) => n.startsWith(LAB_PREFIX))) {
    await endAllIn(name);
    await exec('ip', ['netns', 'delete', name]);
    // Only what was found here: labs in other network namespaces of this machine keep theirs in the same folder.
    await rm(join(stateRoot, name), { recursive: true, force: true });
  }
  const links = await exec('ip', ['-o', 'link', 'show', 'type', 'bridge']);
  for (const match of links.stdout.matchAll(/: (elb\d+):/g)) {
    await exec('ip', ['link', 'delete', match[1] ?? '']);
  }
}

/** Kills every process of a network namespace and of the pods' namespaces its podman made. */
export async function endAllIn(namespace: string): Promise<void> {
  await eventually(
    async () => {
      const { stdout } = await exec('ip', ['netns', 'pids', namespace]);
      const pids = new Set(stdout.split('\n').filter(Boolean).map(Number));
      const all = new Set([...pids, ...(await descendants(pids))]);
      for (const pid of all) kill(pid);
      return all.size === 0;
    },
    15_000,
    100,
  );
}

/** Processes whose ancestors are among `roots`: containers sit in network namespaces of their own. */
async function descendants(roots: ReadonlySet<number>): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const under = (pid: number | undefined): boolean => {
    for (let at = pid; at !== undefined && at > 1; at = parents.get(at)) if (roots.has(at)) return true;
    return false;
  };
  return [...parents.keys()].filter((pid) => !roots.has(pid) && under(pid));
}

/** With SIGKILL; who is gone already counts as killed. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
