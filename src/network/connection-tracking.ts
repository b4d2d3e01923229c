// How many connections the board's kernel remembers at a time. Every one that passes our rules is remembered, twice where
// the agent relays it, and two minutes beyond its end; once the table is full the kernel drops whoever comes, the
// owner's ssh included. Linux sizes it by memory: some 8,000 on a board of 1 GB, which 35 visitors a second fill. So it
// is made as large as kube-proxy makes it, and as it was when we go.
// https://docs.kernel.org/networking/nf_conntrack-sysctl.html
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { readFileIfPresent } from '../base/if-present.ts';

const FOLDER = '/proc/sys/net/netfilter';
const MAX = 'nf_conntrack_max';
const BUCKETS = 'nf_conntrack_buckets';
/** kube-proxy's least (--conntrack-min): 40 MB of the kernel's memory when it is full. */
const WANTED = 131_072;
/** A board that has less gets half of it. */
const SMALL_BYTES = 800 * 1024 * 1024;
/** As kube-proxy: four entries a bucket. */
const ENTRIES_PER_BUCKET = 4;

interface Sizes {
  max: number;
  buckets: number;
}

export interface ConnectionTrackingOptions {
  /** Where is noted what was before, in memory-backed storage. */
  notePath: string;
  /** For tests. */
  folder?: string;
  memoryBytes?: number;
}

export class ConnectionTracking {
  readonly #notePath: string;
  readonly #folder: string;
  readonly #wanted: number;

  constructor({ notePath, folder = FOLDER, memoryBytes = totalmem() }: ConnectionTrackingOptions) {
    this.#notePath = notePath;
    this.#folder = folder;
    this.#wanted = memoryBytes < SMALL_BYTES ? WANTED / 2 : WANTED;
  }

  /**
   * Resolves with the new size where it had to be raised. A kernel that tracks nothing has nothing to raise; rejects where
   * it may not be, as in a network namespace, whose size is that of the machine.
   */
  async makeRoom(): Promise<number | undefined> {
    const before = await this.#read();
    if (!before || before.max >= this.#wanted) return undefined;
    await mkdir(dirname(this.#notePath), { recursive: true, mode: 0o700 });
    await writeFile(this.#notePath, JSON.stringify(before));
    const buckets = Math.max(before.buckets, this.#wanted / ENTRIES_PER_BUCKET);
    try {
      await this.#write({ max: this.#wanted, buckets });
    } catch (error) {
      await rm(this.#notePath, { force: true });
      throw error;
    }
    return this.#wanted;
  }

  /** Returns whether it was ours to make smaller again. */
  async restore(): Promise<boolean> {
    const text = await readFileIfPresent(this.#notePath);
    if (text === undefined) return false;
    const isTracking = (await this.#read()) !== undefined;
    if (isTracking) await this.#write(JSON.parse(text) as Sizes);
    await rm(this.#notePath, { force: true });
    return isTracking;
  }

  async #read(): Promise<Sizes | undefined> {
    const [max, buckets] = await Promise.all([MAX, BUCKETS].map((name) => this.#number(name)));
    return max === undefined || buckets === undefined ? undefined : { max, buckets };
  }

  async #number(name: string): Promise<number | undefined> {
    const text = await readFileIfPresent(join(this.#folder, name));
    return text === undefined ? undefined : Number(text);
  }

  async #write({ max, buckets }: Sizes): Promise<void> {
    await writeFile(join(this.#folder, BUCKETS), `${buckets}\n`);
    await writeFile(join(this.#folder, MAX), `${max}\n`);
  }
}
