// The store on any abstract-level database: decides at once in memory, commits in groups, then shows and tells.
// A write is visible and acknowledged only after the commit that holds it; volatile ones keep their place in line.
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../api/objects.ts';
import { type Metric, single } from '../base/metrics/metric.ts';
import { CommitQueue } from './commit-queue.ts';
import { type Database, diskFullError, type Engine, isDiskFull, isNoRoom, noRoomError } from './engine.ts';
import { EntryIndex } from './entry-index.ts';
import { Ledger } from './ledger.ts';
import { type Encryption, RecordCodec } from './record-codec.ts';
import type { Decision, Entry, Store, StoreEvent, WriteOptions } from './store.ts';
import { WatchLog } from './watch-log.ts';

export interface LevelStoreOptions {
  engine: Engine;
  /** The disk failed or a listener threw: writes are refused from now on, the process should end. */
  onFatal: (error: Error) => void;
  /** The disk has no room for writes, or has it again. Reads, watches and volatile writes go on. */
  onRoom?: (hasRoom: boolean) => void;
  encryption?: Encryption;
  /** Changes kept for watches that come back; each holds two objects. */
  historyLength?: number;
  /** Revisions reserved on disk at a time: one small write per this many volatile ones. */
  revisionBlock?: number;
}

/** A write that was decided and is not yet visible. */
interface Write {
  event: StoreEvent;
  /** `undefined` = removed. */
  entry: Entry | undefined;
  volatile: boolean;
  undo: (() => void) | undefined;
}

export class LevelStore implements Store {
  readonly #engine: Engine;
  readonly #index = new EntryIndex();
  readonly #ledger: Ledger;
  readonly #log: WatchLog;
  readonly #queue: CommitQueue<Write>;
  /** Newest write of each key that is not yet visible. */
  readonly #pending = new Map<string, { write: Write; visible: Promise<void> }>();
  #database: Database | undefined;
  #running = false;
  #hasRoom = true;
  readonly #onRoom: (hasRoom: boolean) => void;
  /** Last revision given out; ahead of `revision` while writes wait. */
  #drawn = 0;
  #commits = 0;
  #writes = 0;

  constructor(options: LevelStoreOptions) {
    this.#engine = options.engine;
    this.#onRoom = options.onRoom ?? (() => undefined);
    this.#ledger = new Ledger(new RecordCodec(options.encryption), options.revisionBlock ?? 100_000);
    this.#queue = new CommitQueue({
      commit: (writes) => this.#commit(writes),
      publish: (writes) => this.#publish(writes),
      isRefusal: isNoRoom,
      forget: (writes) => this.#undo(writes),
      onFatal: options.onFatal,
    });
    this.#log = new WatchLog(options.historyLength ?? 2_000, options.onFatal);
  }

  get epoch(): string {
    return this.#ledger.head.epoch;
  }

  get revision(): number {
    return this.#log.revision;
  }

  get oldestRevision(): number {
    return this.#log.oldestRevision;
  }

  /** Whether writes are taken, as the last one found. */
  get hasRoom(): boolean {
    return this.#hasRoom;
  }

  metrics(): Metric[] {
    return [
      single('gauge', 'edge_store_revision', 'Revision of the newest write that readers see.', this.revision),
      single(
        'counter',
        'edge_store_commits_total',
        'Commits to the disk, each of many writes.',
        this.#commits,
      ),
      single('counter', 'edge_store_writes_total', 'Writes, those kept in memory only too.', this.#writes),
      objectCounts(this.list('/registry/')),
    ];
  }

  async start(): Promise<void> {
    try {
      const database = await this.#engine.open();
      const known = await this.#ledger.load(database, this.#engine.location, (entry) =>
        this.#index.set(entry),
      );
      if (!known) await database.batch(this.#ledger.create(randomUUID()), { sync: true });
      await this.#engine.accept(this.#ledger.head);
      this.#database = database;
      this.#running = true;
    } catch (error) {
      await this.#engine.close(undefined);
      throw error;
    }
    this.#drawn = this.#ledger.ceiling;
    this.#log.reset(this.#drawn);
  }

  /** Lets what was begun become durable first. A stopped store is not started again. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await this.#queue.idle();
    const sound = this.#queue.failure === undefined;
    this.#queue.close(new Error('the store is stopped'));
    this.#log.reset(this.#log.revision);
    await this.#engine.close(sound ? this.#ledger.head : undefined);
  }

  get(key: string): Entry | undefined {
    return this.#index.get(key);
  }

  list(prefix: string): Entry[] {
    return this.#index.list(prefix);
  }

  watch(
    prefix: string,
    afterRevision: number,
    onEvents: (events: readonly StoreEvent[]) => void,
  ): () => void {
    return this.#log.subscribe(prefix, afterRevision, onEvents);
  }

  async write(
    key: string,
    decide: (current: Entry | undefined, revision: number) => Decision,
    options: WriteOptions = {},
  ): Promise<Entry | undefined> {
    if (!this.#running) throw new Error('the store is not running');
    const waiting = this.#pending.get(key);
    const current = waiting ? waiting.write.entry : this.#index.get(key);
    const revision = this.#drawn + 1;
    const decision = decide(current, revision);
    const write = decision && toWrite(key, decision, current, revision, options.volatile ?? false);
    if (!write) {
      await waiting?.visible;
      return current;
    }
    if (!this.#hasRoom && !write.volatile) {
      write.undo?.();
      await this.#findRoom();
      return this.write(key, decide, options);
    }
    if (this.#drawn + 1 !== revision) throw new Error(`decide for ${key} wrote to the store itself`);
    this.#drawn = revision;
    const visible = this.#queue.add(write);
    this.#pending.set(key, { write, visible });
    await visible;
    return write.entry;
  }

  /** Asked for each commit while there is room, for each write while there is none: who is refused keeps no others. */
  async #findRoom(): Promise<void> {
    const hasRoom = await this.#engine.hasRoom();
    if (hasRoom !== this.#hasRoom) this.#onRoom(hasRoom);
    this.#hasRoom = hasRoom;
    if (!hasRoom) throw noRoomError(this.#engine.location);
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    if (writes.some((write) => !write.volatile)) await this.#findRoom();
    const operations = this.#ledger.operations(
      writes.map(({ event, entry, volatile }) => ({
        key: event.key,
        value: entry?.value,
        revision: event.revision,
        volatile,
      })),
    );
    if (operations.length === 0) return;
    this.#commits += 1;
    try {
      await this.#database?.batch(operations, { sync: true });
      await this.#engine.afterCommit();
    } catch (error) {
      throw isDiskFull(error) ? diskFullError(this.#engine.location, error) : error;
    }
  }

  /** From the newest on: each finds what it took as it left it. */
  #undo(writes: readonly Write[]): void {
    for (const write of writes.toReversed()) write.undo?.();
    this.#forget(writes);
  }

  #forget(writes: readonly Write[]): void {
    for (const write of writes) {
      if (this.#pending.get(write.event.key)?.write === write) this.#pending.delete(write.event.key);
    }
  }

  #publish(writes: readonly Write[]): void {
    this.#writes += writes.length;
    for (const write of writes) {
      const key = write.event.key;
      if (write.entry) this.#index.set(write.entry);
      else this.#index.delete(key);
    }
    this.#forget(writes);
    const events = writes.map((write) => write.event);
    this.#log.append(events);
    this.#log.notify(events);
  }
}

/** `undefined` when there is nothing to remove. */
function toWrite(
  key: string,
  decision: NonNullable<Decision>,
  current: Entry | undefined,
  revision: number,
  volatile: boolean,
): Write | undefined {
  const previous = current?.value;
  const { undo } = decision;
  if ('put' in decision) {
    const value: KubeObject = decision.put;
    const type = current ? 'MODIFIED' : 'ADDED';
    const moving = decision.moving === true;
    return {
      event: { type, key, value, previous, revision, ...(moving ? { moving } : {}) },
      entry: { key, value, revision },
      volatile: volatile || moving,
      undo,
    };
  }
  if (!current) return undefined;
  return {
    event: { type: 'DELETED', key, value: decision.remove, previous, revision },
    entry: undefined,
    volatile,
    undo,
  };
}

/** Keys are `/registry/GROUP/PLURAL/…`; names as upstream's: `deployments.apps`. */
function objectCounts(entries: readonly Entry[]): Metric {
  const counts = new Map<string, number>();
  for (const { key } of entries) {
    const [, , group, plural] = key.split('/');
    const resource = group === 'core' ? `${plural}` : `${plural}.${group}`;
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  return {
    name: 'apiserver_storage_objects',
    help: 'Number of stored objects at the time of last check split by kind.',
    type: 'gauge',
    samples: [...counts].map(([resource, value]) => ({ labels: { resource }, value })),
  };
}
