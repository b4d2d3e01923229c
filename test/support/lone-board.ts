// One board by hand, with a whole cluster on it: namespaces of its own, an address that only it has, and no switch,
// so that it is in nobody's way on the machine.
import { execFile } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Board, endAllIn, type Output } from './lab.ts';
import { Program } from './trial.ts';

const exec = promisify(execFile);
const bin = join(import.meta.dirname, '../../src/bin');

const PREFIX = 'edgelone';
const stateRoot = '/var/tmp/edge-cluster-lone';

/** Removes what killed runs left: a board whose test still runs keeps all of it. */
async function sweepLoneBoards(): Promise<void> {
  const { stdout } = await exec('ip', ['netns', 'list']);
  for (const line of stdout.split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = Number(name.slice(PREFIX.length));
    if (!name.startsWith(PREFIX) || (await isAlive(pid))) continue;
    await endAllIn(name);
    await exec('ip', ['netns', 'delete', name]);
    await rm(join(stateRoot, name), { recursive: true, force: true });
  }
}

/** A test is known by the last digits of its process id. */
async function isAlive(idOfTest: number): Promise<boolean> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  return pids.some((pid) => pid % 10_000 === idOfTest);
}

export class LoneBoard {
  readonly #board: Board;
  readonly #namespace: string;
  readonly #address: string;
  #program: Program | undefined;

  constructor(id = process.pid % 10_000) {
    this.#namespace = `${PREFIX}${id}`;
    this.#address = `10.198.${id % 250}.1`;
    const dir = join(stateRoot, this.#namespace);
    this.#board = new Board('lone', this.#namespace, 'eth0', this.#address, dir);
  }

  /** Boots the board, loads the images and starts master and agent on it, in one process. */
  async start(images: readonly string[]): Promise<void> {
    await sweepLoneBoards();
    const namespace = this.#namespace;
    await exec('ip', ['netns', 'add', namespace]);
    const ip = (...args: string[]) => exec('ip', ['-n', namespace, ...args]);
    await ip('link', 'set', 'lo', 'up');
    // A cable whose other end is on the board too: an address that is not the loopback's.
    await ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'end0');
    await ip('link', 'set', 'end0', 'up');
    await ip('address', 'add', `${this.#address}/24`, 'dev', 'eth0');
    await ip('link', 'set', 'eth0', 'up');
    await ip('route', 'add', 'default', 'dev', 'eth0');
    await this.#board.boot();
    for (const archive of images) await this.#board.run('podman', 'load', '--quiet', '--input', archive);
    const args = [join(bin, 'start.js'), '--data-dir', this.dataDir, '--no-demo'];
    this.#program = new Program(this.#board.spawn(process.execPath, args));
    await this.#program.waitFor('The cluster is ready', 90_000);
  }

  edgectl(...args: string[]): Promise<Output> {
    const kubeconfig = `KUBECONFIG=${join(this.dataDir, 'admin.kubeconfig')}`;
    return this.#board.run('env', kubeconfig, process.execPath, join(bin, 'edgectl.js'), ...args);
  }

  /** A program on the board itself. */
  run(command: string, ...args: string[]): Promise<Output> {
    return this.#board.run(command, ...args);
  }

  async apply(...items: object[]): Promise<void> {
    const path = join(this.#board.dir, 'applied.json');
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await this.edgectl('apply', '-f', path);
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  async get(kind: string, name: string): Promise<any> {
    return JSON.parse((await this.edgectl('get', kind, name, '-o', 'json')).stdout);
  }

  async destroy(): Promise<void> {
    try {
      await this.#program?.end('SIGINT', 60_000);
    } finally {
      await this.#board.destroy();
    }
  }

  get dataDir(): string {
    return join(this.#board.dir, 'data');
  }
}
