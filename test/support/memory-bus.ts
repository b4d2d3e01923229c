// The broker's bus without a broker: what is retained, and who listens.
import { encodeJson } from '../../src/mqtt/json-payload.ts';
import type { BusMessage, MessageBus, PublishOptions } from '../../src/mqtt/message-bus.ts';
import { TopicTree } from '../../src/mqtt/topic-tree.ts';
import { filterMatches } from './topic-filter.ts';

export class MemoryBus implements MessageBus {
  /** Every topic that was published to, in order. */
  readonly log: string[] = [];
  readonly #tree = new TopicTree<BusMessage>();
  readonly #listeners = new Set<{ filter: string; handler: (message: BusMessage) => void }>();

  publish(topic: string, message: object | undefined, { retain }: PublishOptions): void {
    const payload = encodeJson(message);
    this.log.push(topic);
    if (retain && payload.length > 0) this.#tree.set(topic, { topic, payload });
    else if (retain) this.#tree.delete(topic);
    for (const { filter, handler } of this.#listeners) {
      if (filterMatches(filter, topic)) handler({ topic, payload });
    }
  }

  subscribe(filter: string, handler: (message: BusMessage) => void): () => void {
    const listener = { filter, handler };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  retained(filter: string): Iterable<BusMessage> {
    return this.#tree.match(filter);
  }

  /** The retained message as it was published; `undefined` when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was published.
  at(topic: string): any {
    const [message] = this.#tree.match(topic);
    return message && JSON.parse(String(message.payload));
  }

  topics(filter: string): string[] {
    return [...this.#tree.match(filter)].map(({ topic }) => topic).sort();
  }
}
