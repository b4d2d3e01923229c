// nodes/N/events: what happens to pods on boards becomes Kubernetes Events, counted by the recorder. A board
// may speak only of pods that are bound to it.
import type { Pod } from '../api/objects.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import type { BusMessage, MessageBus } from '../mqtt/message-bus.ts';
import { levelsOf, nodeFilters } from '../mqtt/topics.ts';
import { readEvent } from './board-messages.ts';

export interface NodeEventsOptions {
  bus: MessageBus;
  pods: Informer<Pod>;
  recorder: EventSink;
}

export class NodeEvents {
  readonly #options: NodeEventsOptions;
  #unsubscribe: (() => void) | undefined;

  constructor(options: NodeEventsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe(nodeFilters.events, (message) => this.#record(message));
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  #record({ topic, payload }: BusMessage): void {
    const [, host = ''] = levelsOf(topic) ?? [];
    const event = readEvent(decodeJson(payload));
    const pod = event && this.#options.pods.lister.get(event.key);
    if (!pod || pod.metadata.uid !== event.uid || pod.spec.nodeName !== host) return;
    const { type, reason, message, fieldPath } = event;
    this.#options.recorder.record({
      object: pod,
      type,
      reason,
      message,
      component: 'kubelet',
      host,
      ...(fieldPath ? { fieldPath } : {}),
    });
  }
}
