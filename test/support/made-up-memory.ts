// A /proc/meminfo for a board of a test: a fixed amount is free, less what the processes of its pods really hold. So a
// board of 1 GiB runs short on any machine, and has enough again when a pod goes.
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';

export interface MadeUpMemoryOptions {
  path: string;
  totalMiB: number;
  /** While none of the pods holds anything. */
  freeMiB: number;
  /** A variable that the processes of the board's pods have, such as `BOARD=alpha`. */
  mark: string;
}

const EVERY_MS = 250;

export class MadeUpMemory {
  readonly #options: MadeUpMemoryOptions;
  #file: FileHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MadeUpMemoryOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  async start(): Promise<void> {
    this.#file = await open(this.#options.path, 'w');
    await this.#write();
    this.#timer = setInterval(() => {
      this.#writing = this.#writing.then(() => this.#write());
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#file?.close();
  }

  /** Always of the same length and in one go: who reads sees the old text or the new one. */
  async #write(): Promise<void> {
    const { totalMiB, freeMiB, mark } = this.#options;
    const availableKiB = Math.max(0, freeMiB * 1024 - (await heldKiB(mark)));
    const line = (name: string, kib: number) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`;
    const amounts = { MemTotal: totalMiB * 1024, MemFree: availableKiB, MemAvailable: availableKiB };
    const rest = { Buffers: 0, Cached: 0, SReclaimable: 0, SwapTotal: 0, SwapFree: 0 };
    const text = Object.entries({ ...amounts, ...rest }).map(([name, kib]) => line(name, kib));
    await this.#file?.write(text.join(''), 0);
  }
}

/** Resident, of all processes that have `mark` among their variables. */
async function heldKiB(mark: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // Most come and go: one that is gone holds nothing.
  const held = pids.map(async (pid) => {
    const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!variables.split('\0').includes(mark)) return 0;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  });
  return (await Promise.all(held)).reduce((sum, kib) => sum + kib, 0);
}
