// What the kernel tells a board of a test in /proc/meminfo and /proc/loadavg: fixed amounts are free, less what the
// processes of its pods really hold. So a board runs short on any machine, and has enough again when a pod goes.
import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Board } from './lab.ts';

export interface MadeUpKernelOptions {
  /** For the files. */
  folder: string;
  totalMiB: number;
  /** While no pod holds anything. */
  freeMiB: number;
  /** Processes, of which all but `freePids` are there before any pod. */
  maxPids: number;
  freePids: number;
  /** A variable that the processes of the board's pods have, such as `BOARD=alpha`. */
  mark: string;
}

interface Held {
  kib: number;
  pids: number;
}

const EVERY_MS = 250;

export class MadeUpKernel {
  readonly #options: MadeUpKernelOptions;
  readonly #files = new Map<string, FileHandle>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MadeUpKernelOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { folder, maxPids } = this.#options;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'pid_max'), `${maxPids}\n`);
    for (const name of ['meminfo', 'loadavg']) this.#files.set(name, await open(join(folder, name), 'w'));
    await this.#write();
    this.#timer = setInterval(() => {
      this.#writing = this.#writing.then(() => this.#write());
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    for (const file of this.#files.values()) await file.close();
  }

  /** From now on it is what this board sees, its agent included. */
  async showTo(board: Board): Promise<void> {
    const places = {
      meminfo: '/proc/meminfo',
      loadavg: '/proc/loadavg',
      pid_max: '/proc/sys/kernel/pid_max',
    };
    for (const [name, place] of Object.entries(places))
      await board.run('mount', '--bind', join(this.#options.folder, name), place);
  }

  /** Always of the same length and in one go: who reads sees the old text or the new one. */
  async #write(): Promise<void> {
    const held = await heldBy(this.#options.mark);
    await this.#files.get('meminfo')?.write(this.#meminfo(held), 0);
    await this.#files.get('loadavg')?.write(this.#loadavg(held), 0);
  }

  #meminfo({ kib }: Held): string {
    const { totalMiB, freeMiB } = this.#options;
    const availableKiB = Math.max(0, freeMiB * 1024 - kib);
    const amounts = { MemTotal: totalMiB * 1024, MemFree: availableKiB, MemAvailable: availableKiB };
    const rest = { Buffers: 0, Cached: 0, SReclaimable: 0, SwapTotal: 0, SwapFree: 0 };
    const lines = Object.entries({ ...amounts, ...rest }).map(
      ([name, amount]) => `${`${name}:`.padEnd(16)}${String(amount).padStart(8)} kB\n`,
    );
    return lines.join('');
  }

  #loadavg({ pids }: Held): string {
    const { maxPids, freePids } = this.#options;
    return `0.50 0.50 0.50 1/${String(maxPids - freePids + pids).padEnd(6)} 4242\n`;
  }
}

/** All processes that have `mark` among their variables; the pages of their programs are shared and do not count. */
async function heldBy(mark: string): Promise<Held> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // Most come and go: one that is gone holds nothing.
  const held = pids.map(async (pid) => {
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!variables.split('\0').includes(mark)) return undefined;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  });
  const found = (await Promise.all(held)).filter((kib) => kib !== undefined);
  return { kib: found.reduce((sum, kib) => sum + kib, 0), pids: found.length };
}
