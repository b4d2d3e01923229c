// The folder of static pods: read at start and whenever the kernel says that it changed. A bad file harms no other,
// and while a file is bad the pod that it last described stays.
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf, type Pod } from '../../api/objects.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { ManifestFile } from './parse-manifest.ts';

export interface ManifestFolderOptions {
  path: string;
  nodeName: string;
  clock: Clock;
  logger: Logger;
  /** Called once per file and reason: what is wrong, for people. */
  onProblem(message: string): void;
}

interface Entry {
  /** Which content was read: nothing is read or parsed twice. */
  stamp: string;
  pod?: Pod | undefined;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 200;
/** The folder was taken away, or its disk is not mounted yet. */
const RETRY_MS = 10_000;
const MAX_FILE_BYTES = 1024 * 1024;

export class ManifestFolder implements Component {
  readonly #options: ManifestFolderOptions;
  readonly #entries = new Map<string, Entry>();
  #onChange: (keys: ReadonlySet<string>) => void = () => undefined;
  #pods: ReadonlyMap<string, Pod> = new Map();
  #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  #reading: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(options: ManifestFolderOptions) {
    this.#options = options;
  }

  /** By `namespace/name`; the same map until something changes. */
  current(): ReadonlyMap<string, Pod> {
    return this.#pods;
  }

  /** `listener` gets the keys of the pods that came, changed or went. */
  onChange(listener: (keys: ReadonlySet<string>) => void): void {
    this.#onChange = listener;
  }

  /** Resolves when what is there has been read. */
  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#watcher?.close();
    await this.#reading;
  }

  async #open(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      this.#watcher = watch(path, { persistent: false }, () => this.#lookSoon());
      this.#watcher.on('error', () => this.#reopen());
      await this.#read();
    } catch (error) {
      logger.warn({ path, error: String(error) }, 'the folder of static pods cannot be read, trying again');
      this.#reopen();
    }
  }

  #reopen(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (!this.#isRunning) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(RETRY_MS, () => void this.#open());
  }

  #lookSoon(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(SETTLE_MS, () => {
      this.#read().catch(() => this.#reopen());
    });
  }

  #read(): Promise<void> {
    const next = this.#reading.then(() => this.#readAll());
    this.#reading = next.catch(() => undefined);
    return next;
  }

  async #readAll(): Promise<void> {
    const names = (await readdir(this.#options.path)).filter((name) => !name.startsWith('.')).sort();
    for (const name of this.#entries.keys()) if (!names.includes(name)) this.#entries.delete(name);
    for (const name of names) await this.#readOne(name);
    this.#show();
  }

  async #readOne(name: string): Promise<void> {
    const known = this.#entries.get(name);
    const path = join(this.#options.path, name);
    let stamp = 'not read';
    try {
      const facts = await stat(path);
      const { mtimeMs, size, ino } = facts;
      stamp = `${mtimeMs} ${size} ${ino}`;
      if (known?.stamp === stamp || !facts.isFile()) return;
      if (size > MAX_FILE_BYTES) throw new Error(`a manifest has at most ${MAX_FILE_BYTES} bytes`);
      const pod = await this.#parse({ name, text: await readText(path), mtimeMs });
      this.#entries.set(name, { stamp, pod });
    } catch (error) {
      // A link that leads nowhere stays so until the folder changes: said once.
      if (known?.stamp === stamp) return;
      this.#entries.set(name, { stamp, pod: known?.pod });
      this.#options.onProblem(`static pod file ${name}: ${(error as Error).message}`);
    }
  }

  async #parse(file: ManifestFile): Promise<Pod> {
    const { manifestParser } = await import('./parse-manifest.ts');
    return (await manifestParser(this.#options.nodeName))(file);
  }

  #show(): void {
    const before = this.#pods;
    const after = new Map<string, Pod>();
    for (const [name, { pod }] of this.#entries) {
      if (!pod) continue;
      const key = keyOf(pod);
      if (after.has(key))
        this.#options.onProblem(`static pod file ${name}: another file has the pod ${key} already`);
      else after.set(key, pod);
    }
    const keys = [...before.keys(), ...after.keys()];
    const changed = new Set(keys.filter((key) => before.get(key) !== after.get(key)));
    if (changed.size === 0) return;
    this.#pods = after;
    this.#onChange(changed);
  }
}

async function readText(path: string): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
}
