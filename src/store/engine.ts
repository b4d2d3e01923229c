// What the store needs of a place to keep bytes: any abstract-level database, and the moments at which a
// durable one has to do something. The disk engine fills them in; in memory they do nothing.
import { StatusError } from '../api/status-error.ts';

export type DatabaseOperation =
  | { type: 'put'; key: string; value: Uint8Array }
  | { type: 'del'; key: string };

/** The part of abstract-level that is used, with utf8 keys and binary values. */
export interface Database {
  batch(operations: DatabaseOperation[], options: { sync: boolean }): Promise<void>;
  iterator(): AsyncIterable<[string, Uint8Array]>;
  close(): Promise<void>;
}

/** Which history is stored and how far it goes. */
export interface Head {
  epoch: string;
  /** Revision of the last durable write. */
  revision: number;
}

export interface Engine {
  /** Names the place in errors. */
  readonly location: string;
  /** Rejects with a StoreError when the place is locked, damaged or has lost its database. */
  open(): Promise<Database>;
  /** Called once all that is stored was read and found whole. Rejects when the place knows of later writes. */
  accept(head: Head): Promise<void>;
  /** Whether the place takes another commit, with all that the database writes by itself because of it. */
  hasRoom(): Promise<boolean>;
  /** Called after every commit, before it is acknowledged. */
  afterCommit(): Promise<void>;
  /** Undoes open(), also a failed one. `head` is given when the store was in order to the end. */
  close(head: Head | undefined): Promise<void>;
}

/** The data directory cannot be used as it is. The message names it, says what is wrong and what to do. */
export class StoreError extends Error {
  constructor(location: string, wrong: string, remedy: string, cause?: unknown) {
    super(`data directory ${location}: ${wrong}. ${remedy}`, { cause });
    this.name = 'StoreError';
  }
}

const RESTORE_REMEDY =
  'Nothing was deleted or changed. Restore a backup into it, or move the directory away to begin with an empty cluster';

/** What is stored is not what was acknowledged. */
export function damaged(location: string, wrong: string, cause?: unknown): StoreError {
  return new StoreError(location, wrong, RESTORE_REMEDY, cause);
}

/** LevelDB hands on the system's words and no code. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && /No space left on device|ENOSPC/.test(error.message);

export function diskFullError(location: string, cause?: unknown): StoreError {
  return new StoreError(location, 'its disk is full', 'Free some space there and start again', cause);
}

/**
 * Said before anything was written: nothing is damaged, and reads go on. 507 because upstream has no code of its own for a
 * store without room.
 */
export function noRoomError(location: string): StatusError {
  const what = `the disk of the cluster's store is full (${location} on the master)`;
  const words = `${what}: nothing can be created or changed until some space is freed there`;
  return new StatusError(507, 'InsufficientStorage', words);
}

export const isNoRoom = (error: unknown): boolean => error instanceof StatusError && error.code === 507;

/** Held by another process, or by another store of this one. */
export function lockedError(location: string, cause?: unknown): StoreError {
  return new StoreError(
    location,
    'another process uses it',
    'Stop the other edge-cluster on this machine, or give this one another directory',
    cause,
  );
}
