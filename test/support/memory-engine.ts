// A store's engine in memory: real abstract-level, no disk. Closing keeps the data, as a disk would.
import { MemoryLevel } from 'memory-level';
import type { Database, DatabaseOperation, Engine } from '../../src/store/engine.ts';

export class MemoryEngine implements Engine {
  readonly location = 'memory';
  readonly level: MemoryLevel<string, Uint8Array>;
  /** Batches that reached the "disk", newest last. */
  readonly batches: DatabaseOperation[][] = [];
  /** Called before each batch; what it throws or rejects with is the disk's failure. */
  beforeBatch: () => void | Promise<void> = () => {};
  isFull = false;

  constructor(level = new MemoryLevel<string, Uint8Array>({ valueEncoding: 'view' })) {
    this.level = level;
  }

  async open(): Promise<Database> {
    await this.level.open();
    return {
      batch: async (operations) => {
        await this.beforeBatch();
        await this.level.batch(operations);
        this.batches.push(operations);
      },
      iterator: () => this.level.iterator(),
      close: async () => {},
    };
  }

  async hasRoom(): Promise<boolean> {
    return !this.isFull;
  }
  async accept(): Promise<void> {}
  async afterCommit(): Promise<void> {}
  async close(): Promise<void> {}
}
