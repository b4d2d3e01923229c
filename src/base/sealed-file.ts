// A small state kept over a power cut: JSON, encrypted, replaced whole. Written a little after a change and only
// when the content differs, so that a board at rest writes nothing; what could not be written is tried again.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { replaceFile } from './atomic-file.ts';
import type { Clock, Timer } from './clock.ts';
import type { Logger } from './logger.ts';
import { ValueCipher } from './value-cipher.ts';

export interface SealedFileOptions {
  path: string;
  /** 32 bytes; asked for when the file is first read or written. */
  key(): Promise<Uint8Array>;
  /** Changes that come together within this are one write. */
  settleMs: number;
  clock: Clock;
  logger: Logger;
}

/** A full disk may have room again. */
const RETRY_MS = 60_000;

export class SealedFile {
  readonly #options: SealedFileOptions;
  #writtenHash: string | undefined;
  #pending: (() => unknown) | undefined;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SealedFileOptions) {
    this.#options = options;
  }

  /** What was written last; `undefined` when there is nothing, or nothing that can be read, which is logged. */
  async load(): Promise<unknown> {
    const { path, logger } = this.#options;
    try {
      const text = await readSealed(path, () => this.#options.key());
      const content: unknown = JSON.parse(text);
      this.#writtenHash = hashOf(text);
      return content;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        logger.warn(
          { path, error: String(error) },
          'what this board last knew cannot be read: it waits for the master',
        );
      }
      return undefined;
    }
  }

  /** The content may have changed. It is taken when it is written; `undefined` = nothing to write now. */
  changed(content: () => unknown): void {
    this.#pending = content;
    this.#schedule(this.#options.settleMs);
  }

  /** Writes what is still to be written. */
  async flush(): Promise<void> {
    this.#cancel();
    await this.#writing;
    await this.#write();
    this.#cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #write(): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    const content = pending?.();
    if (content === undefined) return;
    const text = JSON.stringify(content);
    const hash = hashOf(text);
    if (hash === this.#writtenHash) return;
    try {
      await this.#replace(text);
      this.#writtenHash = hash;
    } catch (error) {
      const fields = { path: this.#options.path, error: String(error) };
      this.#options.logger.error(
        fields,
        'what this board knows cannot be kept: after a reboot it waits for the master',
      );
      this.#pending ??= pending;
      this.#schedule(RETRY_MS);
    }
  }

  async #replace(text: string): Promise<void> {
    const { path } = this.#options;
    const sealed = (await this.#cipher()).encrypt(basename(path), Buffer.from(text));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, sealed);
  }

  /** Not kept: it is needed once at a start and then at changes. */
  async #cipher(): Promise<ValueCipher> {
    return new ValueCipher(await this.#options.key());
  }
}

/** What a SealedFile wrote last, as JSON. Rejects with ENOENT when there is nothing, before the key is asked for. */
export async function readSealed(path: string, key: () => Promise<Uint8Array>): Promise<string> {
  const sealed = await readFile(path);
  return new ValueCipher(await key()).decrypt(basename(path), sealed).toString();
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64');
