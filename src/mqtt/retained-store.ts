// The broker's memory: retained messages and last wills, nothing else. All sessions are clean and nothing is
// queued for the absent (a board that returns reads the retained topics), so nothing here outlives the process.
import { Readable } from 'node:stream';
import type { AedesPublishPacket } from 'aedes';
import { TopicTree } from './topic-tree.ts';

interface Owner {
  id: string;
}
type Will = AedesPublishPacket & { clientId?: string };

/** What aedes asks of a persistence; see aedes-persistence's abstract tests. */
export class RetainedStore {
  readonly #tree = new TopicTree<AedesPublishPacket>();
  readonly #wills = new Map<string, Will>();
  #brokerId = '';

  async setup(broker: { id: string }): Promise<void> {
    this.#brokerId = broker.id;
  }

  /** Retained messages that the filter matches, as they are now. */
  match(filter: string): Generator<AedesPublishPacket> {
    return this.#tree.match(filter);
  }

  get(topic: string): AedesPublishPacket | undefined {
    return this.#tree.get(topic);
  }

  get size(): number {
    return this.#tree.size;
  }

  async storeRetained(packet: AedesPublishPacket): Promise<void> {
    if (packet.payload.length === 0) this.#tree.delete(packet.topic);
    else this.#tree.set(packet.topic, { ...packet, payload: ownCopy(packet.payload) });
  }

  createRetainedStream(filter: string): Readable {
    return Readable.from(this.#tree.match(filter));
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(matchAll(this.#tree, filters));
  }

  async addSubscriptions(): Promise<void> {}
  async removeSubscriptions(): Promise<void> {}
  async cleanSubscriptions(): Promise<void> {}
  async subscriptionsByClient(): Promise<never[]> {
    return [];
  }
  async subscriptionsByTopic(): Promise<never[]> {
    return [];
  }
  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: 0, clientsCount: 0 };
  }

  async outgoingEnqueue(): Promise<void> {}
  async outgoingEnqueueCombi(): Promise<void> {}
  async outgoingUpdate(): Promise<void> {}
  async outgoingClearMessageId(): Promise<undefined> {
    return undefined;
  }
  outgoingStream(): Readable {
    return Readable.from([]);
  }

  async incomingStorePacket(): Promise<never> {
    throw new Error('QoS 2 is not used here: publish with QoS 0 or 1');
  }
  async incomingGetPacket(): Promise<never> {
    throw new Error('no such packet');
  }
  async incomingDelPacket(): Promise<never> {
    throw new Error('no such packet');
  }

  async putWill(owner: Owner, will: Will): Promise<void> {
    will.brokerId = this.#brokerId;
    will.clientId = owner.id;
    this.#wills.set(owner.id, will);
  }
  async getWill(owner: Owner): Promise<Will | undefined> {
    return this.#wills.get(owner.id);
  }
  async delWill(owner: Owner): Promise<Will | undefined> {
    const will = this.#wills.get(owner.id);
    this.#wills.delete(owner.id);
    return will;
  }
  /** aedes looks for wills of other brokers here: there are none. */
  streamWill(): Readable {
    return Readable.from([]);
  }
  getClientList(): Readable {
    return Readable.from([]);
  }

  async destroy(): Promise<void> {
    this.#wills.clear();
  }
}

/**
 * In memory of its own: a small Buffer is a piece of Node's pool, and what came over a socket a piece of what was read
 * at once; either would keep up to 64 KiB alive as long as the topic is.
 */
function ownCopy(payload: AedesPublishPacket['payload']): AedesPublishPacket['payload'] {
  if (typeof payload === 'string' || payload.buffer.byteLength === payload.length) return payload;
  const own = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(own);
  return own;
}

function* matchAll<T>(tree: TopicTree<T>, filters: readonly string[]): Generator<T> {
  for (const filter of filters) yield* tree.match(filter);
}
