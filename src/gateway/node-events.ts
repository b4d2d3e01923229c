// nodes/N/events: what happens to boards and to pods on them becomes Kubernetes Events, counted by the recorder. A board
// may speak only of itself and of pods that are bound to it.
import type { Node, Pod } from '../api/objects.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import type { BusMessage, MessageBus } from '../mqtt/message-bus.ts';
import type { NodeEventMessage } from '../mqtt/messages.ts';
import { levelsOf, nodeFilters } from '../mqtt/topics.ts';
import { readEvent } from './board-messages.ts';

export interface NodeEventsOptions {
  bus: MessageBus;
  pods: Informer<Pod>;
  nodes: Informer<Node>;
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
    const object =
      event && (event.key === '' ? this.#options.nodes.lister.get(host) : this.#podOf(event, host));
    if (!object) return;
    const { type, reason, message, fieldPath } = event;
    this.#options.recorder.record({
      object,
      type,
      reason,
      message,
      component: 'kubelet',
      host,
      ...(fieldPath ? { fieldPath } : {}),
    });
  }

  #podOf({ key, uid }: NodeEventMessage, host: string): Pod | undefined {
    const pod = this.#options.pods.lister.get(key);
    return pod && pod.metadata.uid === uid && pod.spec.nodeName === host ? pod : undefined;
  }
}
