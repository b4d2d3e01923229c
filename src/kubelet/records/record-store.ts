// Keeps one small file per pod, replaced whole by atomic rename, so that a power cut leaves the old or the new.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import type { Logger } from '../../base/logger.ts';
import type { PodRecord } from './pod-record.ts';

export interface RecordStore {
  /** All records; what cannot be read is told to the log and left out. */
  load(): Promise<PodRecord[]>;
  save(record: PodRecord): Promise<void>;
  remove(uid: string): Promise<void>;
}

const SUFFIX = '.json';

export class FileRecordStore implements RecordStore {
  readonly #directory: string;
  readonly #logger: Logger;

  constructor(directory: string, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  async load(): Promise<PodRecord[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const records: PodRecord[] = [];
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith(SUFFIX)) continue;
      const record = await this.#read(join(this.#directory, name));
      if (record) records.push(record);
    }
    return records;
  }

  async save(record: PodRecord): Promise<void> {
    await replaceFile(this.#path(record.uid), JSON.stringify(record));
  }

  async remove(uid: string): Promise<void> {
    await rm(this.#path(uid), { force: true });
  }

  #path(uid: string): string {
    return join(this.#directory, `${uid}${SUFFIX}`);
  }

  async #read(path: string): Promise<PodRecord | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as PodRecord;
    } catch (error) {
      this.#logger.warn(
        { path, error: String(error) },
        'a pod record cannot be read; the pod starts counting anew',
      );
      await rm(path, { force: true });
      return undefined;
    }
  }
}
