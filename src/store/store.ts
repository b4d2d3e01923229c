// What the store promises, whatever engine is below: one monotonic revision, durable before acknowledged,
// a watch without gaps. https://etcd.io/docs/v3.5/learning/api_guarantees/ is the model.

import type { KubeObject } from '../api/objects.ts';
import type { Component } from '../base/component.ts';

export interface Entry {
  /** `/registry/<group or core>/<plural>/<namespace or _>/<name>`. */
  readonly key: string;
  /** Shared with every reader: never change it. */
  readonly value: KubeObject;
  /** Revision of the write that made this value. */
  readonly revision: number;
}

/**
 * `undefined` = leave everything as it is: no revision is drawn. A moving put is volatile and lies over what the disk
 * has until the next start, or the next put that is not; of those of one key the history keeps the last.
 */
export type Decision = (({ put: KubeObject; moving?: boolean } | { remove: KubeObject }) & Taken) | undefined;

interface Taken {
  /** Gives back what was taken elsewhere; called when the write is not kept after all, the newest write first. */
  undo?: (() => void) | undefined;
}

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: string;
  /** For DELETED: the last state, as the decision gave it. */
  value: KubeObject;
  /** Value before this write; `undefined` for ADDED. Selectors need it to tell enter from leave. */
  previous: KubeObject | undefined;
  revision: number;
  /** As its decision said. A watch that comes back hears the last of a key for all of them. */
  moving?: boolean;
}

export interface WriteOptions {
  /** Kept in memory only; draws from the same revisions. */
  volatile?: boolean;
}

export interface Store extends Component {
  /** Names the history: random per data directory and per restore. */
  readonly epoch: string;
  /** Latest revision that readers can see; everything up to it is durable (volatile writes aside). */
  readonly revision: number;
  /** Oldest revision that a watch may still start after. */
  readonly oldestRevision: number;
  get(key: string): Entry | undefined;
  /** Entries whose key starts with `prefix`, in key order. */
  list(prefix: string): Entry[];
  /**
   * `decide` runs at once and synchronously, against the newest write of that key (also one not yet visible),
   * with the revision that its outcome will carry; once more, after `undo`, where a full disk may have room again.
   * What it throws rejects the promise and nothing is written.
   * Resolves once durable and visible, with the entry, or `undefined` after a removal or when nothing exists.
   */
  write(
    key: string,
    decide: (current: Entry | undefined, revision: number) => Decision,
    options?: WriteOptions,
  ): Promise<Entry | undefined>;
  /**
   * Calls `onEvents` with every change under `prefix` after `afterRevision`, in order, first what history holds
   * (synchronously, before this returns), then live. Throws StatusError `Expired` when history no longer reaches back.
   */
  watch(prefix: string, afterRevision: number, onEvents: (events: readonly StoreEvent[]) => void): () => void;
}
