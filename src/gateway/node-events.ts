// nodes/N/events: what happens on boards becomes Kubernetes Events, counted by the recorder. A board may speak only of
// itself, of pods that are bound to it, and of Services, which every board forwards.
import type { Node, Pod, Service } from '../api/objects.ts';
import { uidOnBoard } from '../api/static-pod.ts';
import type { EventSink, RecordedEvent } from '../client/event-recorder.ts';
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
  services: Informer<Service>;
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
    const object = event && this.#subject(event, host);
    if (!object) return;
    const { kind, type, reason, message, fieldPath, count, ago } = event;
    this.#options.recorder.record({
      object,
      type,
      reason,
      message,
      component: kind === 'Service' ? 'kube-proxy' : 'kubelet',
      host,
      ...(fieldPath ? { fieldPath } : {}),
      ...(count ? { count } : {}),
      ...(ago ? { ago } : {}),
    });
  }

  #subject({ kind, key, uid }: NodeEventMessage, host: string): RecordedEvent['object'] | undefined {
    const { nodes, pods, services } = this.#options;
    if (kind === 'Node') return key === host ? (nodes.lister.get(host) ?? newcomer(host)) : undefined;
    if (kind === 'Service') {
      const service = services.lister.get(key);
      return service?.metadata.uid === uid ? service : undefined;
    }
    const pod = pods.lister.get(key);
    return pod && uidOnBoard(pod) === uid && pod.spec.nodeName === host ? pod : undefined;
  }
}

/** What a board says first, such as a bad file of a static pod, may come before its Node is there. */
const newcomer = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
