// Where a kind's rules on the server differ from the generic ones. A kind without a strategy needs none of it.
import type { KubeObject } from '../../api/objects.ts';
import type { WriteScope } from './update.ts';

/** What a write took outside its own object (an address, a port); `undo` gives it back. */
export interface Reservation {
  undo(): void;
}

/** All methods are synchronous: they run inside the store's decision. Objects named `next` may be changed. */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Whoever creates such an object may bring its status; otherwise it begins without one. */
  acceptsStatusAtCreate?: boolean;
  /** After defaults, before validation; the generic part has set the metadata. */
  prepareForCreate?(next: T): void;
  /** As {@link prepareForCreate}; `previous` is shared memory. */
  prepareForUpdate?(next: T, previous: T): void;
  /** As {@link prepareForUpdate}, for every write that is not of the main resource. */
  prepareForStatus?(next: T, previous: T, scope: WriteScope): void;
  /** Last step before a create or an update of the main resource; throws a StatusError to refuse it. */
  reserve?(next: T, previous: T | undefined): Reservation;
  /** The object has left the store: until then nobody may have what it holds. */
  release?(object: T): void;
  /** Throws a StatusError when this object may not be deleted. */
  checkDelete?(object: T): void;
  /** The object stays for a while with a deletionTimestamp. */
  prepareForDelete?(next: T): void;
  /** Seconds from the DELETE to the removal; 0 (at once) unless said. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** Something beside `metadata.finalizers` keeps a deleted object. */
  isHeld?(object: T): boolean;
}

/** By `group/plural`, such as `/pods`. */
export type Strategies = ReadonlyMap<string, Strategy>;

export const strategyKey = (kind: { group: string; plural: string }) => `${kind.group}/${kind.plural}`;
