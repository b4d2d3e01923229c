// A master and a network for the sync protocol, as bad as they may be: the master publishes listings and items as
// the gateway does, and the network loses, repeats and reorders what it carries until a session ends.
import type { CompleteSet, Item, Listing } from '../../src/mqtt/complete-set.ts';

type Message =
  | { topic: string; kind: 'listing'; listing: Listing }
  | { topic: string; kind: 'item'; id: string; item: Item<string> }
  | { topic: string; kind: 'gone'; id: string };

interface Stored {
  uid: string;
  revision: number;
}

export interface Step {
  op: 'put' | 'remove' | 'deliver' | 'repeat' | 'lose' | 'reconnect' | 'restart' | 'restore';
  a: number;
  b: number;
}

const LISTING = 'index';
const IDS = ['w', 'x', 'y', 'z'];

export class SyncModel {
  readonly view: CompleteSet<string>;
  /** The newest listing that was delivered: what is shown must be what it names. */
  newest: Listing | undefined;
  readonly #keepsTopicOrder: boolean;
  #epoch = 'epoch-0';
  #epochs = 0;
  #revision = 0;
  #uids = 0;
  #objects = new Map<string, Stored>();
  #backup = new Map<string, Stored>();
  #backupRevision = 0;
  readonly #retained = new Map<string, Message>();
  #inFlight: Message[] = [];

  constructor(view: CompleteSet<string>, keepsTopicOrder: boolean) {
    this.view = view;
    this.#keepsTopicOrder = keepsTopicOrder;
    this.#publishListing();
  }

  /** What an agent that knows everything shows. */
  get wanted(): [string, string][] {
    return [...this.#objects.keys()].map((id): [string, string] => [id, this.#valueOf(id)]).sort();
  }

  do({ op, a, b }: Step): void {
    if (op === 'put') this.#put(IDS[a % IDS.length] ?? '');
    else if (op === 'remove') this.#remove(IDS[a % IDS.length] ?? '');
    else if (op === 'deliver') this.#deliver(a, 'once');
    else if (op === 'repeat') this.#deliver(a, 'again');
    else if (op === 'lose') this.#inFlight.splice(this.#inFlight.length ? a % this.#inFlight.length : 0, 1);
    else if (op === 'reconnect') this.reconnect(b);
    else if (op === 'restart') this.#restart(b);
    else this.#restore(b);
  }

  /** A new session: what was under way is lost, all that is retained comes, in some order. */
  reconnect(seed: number): void {
    const replay = [...this.#retained.values()];
    this.#inFlight = [];
    for (let n = seed; replay.length > 0; n = (n * 31 + 7) % 1009) {
      this.#inFlight.push(...replay.splice(n % replay.length, 1));
    }
    this.view.beginSession();
  }

  deliverAll(seed: number): void {
    for (let n = seed; this.#inFlight.length > 0; n = (n * 31 + 7) % 1009) this.#deliver(n, 'once');
  }

  #put(id: string): void {
    this.#revision += 1;
    const uid = this.#objects.get(id)?.uid ?? `uid-${++this.#uids}`;
    this.#objects.set(id, { uid, revision: this.#revision });
    this.#publishItem(id);
    this.#publishListing();
  }

  #remove(id: string): void {
    if (!this.#objects.delete(id)) return;
    this.#revision += 1;
    this.#publishListing();
    this.#retained.delete(id);
    this.#inFlight.push({ topic: id, kind: 'gone', id });
  }

  /** Same data, a new process: nothing is retained until it publishes again; no revision is used twice. */
  #restart(seed: number): void {
    this.#revision += 100;
    this.#publishAll(seed);
  }

  /** An older state under a new epoch, with revisions that were seen before. */
  #restore(seed: number): void {
    const next = new Map(this.#objects);
    this.#objects = new Map(this.#backup);
    this.#revision = this.#backupRevision;
    this.#backup = next;
    this.#backupRevision = Math.max(0, ...[...next.values()].map(({ revision }) => revision));
    this.#epochs += 1;
    this.#epoch = `epoch-${this.#epochs}`;
    this.#publishAll(seed);
  }

  #publishAll(seed: number): void {
    this.#retained.clear();
    for (const id of this.#objects.keys()) this.#publishItem(id);
    this.#publishListing();
    this.reconnect(seed);
  }

  #publishItem(id: string): void {
    const { uid = '', revision = 0 } = this.#objects.get(id) ?? {};
    const item = { epoch: this.#epoch, revision, uid, value: this.#valueOf(id) };
    this.#publish({ topic: id, kind: 'item', id, item });
  }

  /** `epoch uid revision`: all that a test wants to know of what is shown. */
  #valueOf(id: string): string {
    const { uid = '', revision = 0 } = this.#objects.get(id) ?? {};
    return `${this.#epoch} ${uid} ${revision}`;
  }

  #publishListing(): void {
    const entries = new Map([...this.#objects].map(([id, { uid, revision }]) => [id, { uid, revision }]));
    const listing = { epoch: this.#epoch, revision: this.#revision, entries };
    this.#publish({ topic: LISTING, kind: 'listing', listing });
  }

  #publish(message: Message): void {
    this.#retained.set(message.topic, message);
    this.#inFlight.push(message);
  }

  #deliver(a: number, how: 'once' | 'again'): void {
    const picked = this.#inFlight[a % Math.max(this.#inFlight.length, 1)];
    if (!picked) return;
    const first = this.#inFlight.findIndex(({ topic }) => topic === picked.topic);
    const at = this.#keepsTopicOrder ? first : this.#inFlight.indexOf(picked);
    const message = this.#inFlight[at];
    if (how === 'once') this.#inFlight.splice(at, 1);
    if (message?.kind === 'listing') this.#list(message.listing);
    else if (message?.kind === 'item') this.view.put(message.id, message.item);
    else if (message) this.view.remove(message.id);
  }

  #list(listing: Listing): void {
    const { newest } = this;
    const isNewer = newest?.epoch !== listing.epoch || listing.revision >= newest.revision;
    if (isNewer) this.newest = listing;
    this.view.list(listing);
  }
}
