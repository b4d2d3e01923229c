// What lies on disk, accounted for: the head record is written with every commit and says how many objects there
// are and the sum of their checksums, so that an opening notices any object that vanished, came back or changed.
import type { KubeObject } from '../api/objects.ts';
import type { Database, DatabaseOperation, Head } from './engine.ts';
import { damaged } from './engine.ts';
import type { RecordCodec } from './record-codec.ts';
import type { Entry } from './store.ts';

/** Sorts before `/registry/`. */
const HEAD_KEY = '!head';

interface HeadRecord extends Head {
  /** No revision above this was ever given out. */
  ceiling: number;
  objects: number;
  /** Sum of the objects' checksums, modulo 2^32. */
  sum: number;
}

interface LedgerChange {
  key: string;
  /** `undefined` = removed. */
  value: KubeObject | undefined;
  revision: number;
  volatile: boolean;
}

export class Ledger {
  readonly #codec: RecordCodec;
  readonly #revisionBlock: number;
  readonly #checksums = new Map<string, number>();
  #head: HeadRecord = { epoch: '', revision: 0, ceiling: 0, objects: 0, sum: 0 };

  constructor(codec: RecordCodec, revisionBlock: number) {
    this.#codec = codec;
    this.#revisionBlock = revisionBlock;
  }

  get head(): Head {
    return { epoch: this.#head.epoch, revision: this.#head.revision };
  }

  /** Where a start begins to count: above everything that was ever given out. */
  get ceiling(): number {
    return this.#head.ceiling;
  }

  /** Reads and checks everything. Resolves with `false` when the database is new. */
  async load(database: Database, location: string, onEntry: (entry: Entry) => void): Promise<boolean> {
    let head: HeadRecord | undefined;
    let sum = 0;
    try {
      for await (const [key, bytes] of database.iterator()) {
        const { value, revision, checksum } = this.#codec.decode(key, bytes);
        if (key === HEAD_KEY) {
          head = value as HeadRecord;
          continue;
        }
        this.#checksums.set(key, checksum);
        sum = (sum + checksum) >>> 0;
        onEntry({ key, value: value as KubeObject, revision });
      }
    } catch (error) {
      throw damaged(location, (error as Error).message, error);
    }
    if (!head && this.#checksums.size === 0) return false;
    this.#head = this.#checked(head, sum, location);
    return true;
  }

  #checked(head: HeadRecord | undefined, sum: number, location: string): HeadRecord {
    const found = this.#checksums.size;
    if (!head) throw damaged(location, `it holds ${found} objects but not the record that counts them`);
    if (head.objects !== found)
      throw damaged(location, `acknowledged data is missing: it holds ${found} objects of ${head.objects}`);
    if (head.sum !== sum)
      throw damaged(location, 'acknowledged data is missing: objects are not in their last state');
    return head;
  }

  /** The write that begins a new history. */
  create(epoch: string): DatabaseOperation[] {
    this.#head = { ...this.#head, epoch };
    return [this.#headOperation()];
  }

  /** What to write for these changes, in order; empty when the disk need not know. */
  operations(changes: readonly LedgerChange[]): DatabaseOperation[] {
    const operations = changes.flatMap((change) => this.#operation(change) ?? []);
    const revision = changes.at(-1)?.revision ?? 0;
    if (operations.length === 0 && revision <= this.#head.ceiling) return [];
    if (operations.length > 0) this.#head.revision = revision;
    // Raised with half a block left, where it costs nothing.
    if (revision + this.#revisionBlock / 2 > this.#head.ceiling)
      this.#head.ceiling = revision + this.#revisionBlock;
    return [...operations, this.#headOperation()];
  }

  #operation({ key, value, revision, volatile }: LedgerChange): DatabaseOperation | undefined {
    const previous = this.#checksums.get(key);
    if (value === undefined) {
      // A removal of what is on disk has to reach the disk, however it was asked for: else it comes back.
      if (previous === undefined) return undefined;
      this.#checksums.delete(key);
      this.#account(-1, -previous);
      return { type: 'del', key };
    }
    if (volatile) return undefined;
    const { bytes, checksum } = this.#codec.encode(key, revision, value);
    this.#checksums.set(key, checksum);
    this.#account(previous === undefined ? 1 : 0, checksum - (previous ?? 0));
    return { type: 'put', key, value: bytes };
  }

  #account(objects: number, sum: number): void {
    this.#head.objects += objects;
    this.#head.sum = (this.#head.sum + sum) >>> 0;
  }

  #headOperation(): DatabaseOperation {
    const { bytes } = this.#codec.encode(HEAD_KEY, this.#head.revision, this.#head);
    return { type: 'put', key: HEAD_KEY, value: bytes };
  }
}
