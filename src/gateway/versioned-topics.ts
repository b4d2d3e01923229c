// Retained messages of the sync protocol: each carries {epoch, revision}, is sent only when its content changed,
// and its revision never goes back, so that an agent can tell the newer of two without knowing their order.
import { hash } from 'node:crypto';
import { type MessageBus, RETAINED } from '../mqtt/message-bus.ts';

interface Published {
  revision: number;
  /** What the content was made from; the same again needs no second look. */
  source: string | undefined;
  digest: string;
}

export interface Versioned {
  /** At least the store's revision that the content reflects. */
  revision: number;
  /** Names the content where that is known without making it, such as uid and resourceVersion. */
  source?: string;
  content: () => object;
}

export class VersionedTopics {
  readonly #bus: MessageBus;
  readonly #epoch: string;
  readonly #published = new Map<string, Published>();
  /** Highest revision of a topic that is gone: one that comes back must not look older than it was. */
  #removedRevision = 0;

  constructor(bus: MessageBus, epoch: string) {
    this.#bus = bus;
    this.#epoch = epoch;
  }

  /** Publishes where the content is new; returns the revision that the topic has now. */
  put(topic: string, { revision, source, content }: Versioned): number {
    const known = this.#published.get(topic);
    if (known && source !== undefined && known.source === source) return known.revision;
    const body = content();
    const digest = hash('sha1', JSON.stringify(body));
    const isSame = known?.digest === digest;
    const next = isSame ? known.revision : Math.max(revision, (known?.revision ?? this.#removedRevision) + 1);
    this.#published.set(topic, { revision: next, source, digest });
    if (!isSame) this.#bus.publish(topic, { epoch: this.#epoch, revision: next, ...body }, RETAINED);
    return next;
  }

  remove(topic: string): void {
    const known = this.#published.get(topic);
    if (!known) return;
    this.#removedRevision = Math.max(this.#removedRevision, known.revision);
    this.#published.delete(topic);
    this.#bus.publish(topic, undefined, RETAINED);
  }
}
