// objects/…: every object of the cluster as a retained topic for people, never with a Secret's value or an
// environment variable's. Events pass by on events/… instead: they are many and old ones tell little.
import { events } from '../api/kinds/event.ts';
import { secrets } from '../api/kinds/secret.ts';
import { type Event, type KubeObject, keyOf } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import { followCustomKinds } from '../client/custom-kinds.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { maskEnvironment, maskSecret } from '../mqtt/masking.ts';
import type { MessageBus } from '../mqtt/message-bus.ts';
import { topics } from '../mqtt/topics.ts';
import { withoutManagedFields } from './without-managed-fields.ts';

/** For people: nothing is acknowledged, and who lost something subscribes again. */
const FOR_PEOPLE = { retain: true, qos: 0 } as const;

export interface ObjectPublisherOptions {
  bus: MessageBus;
  informers: InformerFactory;
  kinds: readonly KindDefinition[];
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
}

export class ObjectPublisher {
  readonly #options: ObjectPublisherOptions;
  #unsubscribe: (() => void)[] = [];

  constructor(options: ObjectPublisherOptions) {
    this.#options = options;
    for (const kind of options.kinds) options.informers.for(kind);
  }

  start(): void {
    this.#unsubscribe = this.#options.kinds.map((kind) =>
      kind.kind === events.kind && kind.group === events.group ? this.#passEvents() : this.#mirror(kind),
    );
    const follow = (kind: KindDefinition) => void this.#unsubscribe.push(this.#mirror(kind));
    this.#unsubscribe.push(followCustomKinds(this.#options.customKinds, follow));
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  #mirror(kind: KindDefinition): () => void {
    const { bus, informers } = this.#options;
    const topicOf = (object: KubeObject) => topics.object(kind.group, kind.plural, keyOf(object));
    const isSecret = kind.kind === secrets.kind && kind.group === secrets.group;
    const readable = isSecret ? maskSecret : maskEnvironment<KubeObject>;
    const put = (object: KubeObject) =>
      bus.publish(topicOf(object), readable(withoutManagedFields(object)), FOR_PEOPLE);
    return informers.for(kind).subscribe({
      onAdd: put,
      onUpdate: put,
      onDelete: (object) => bus.publish(topicOf(object), undefined, FOR_PEOPLE),
    });
  }

  #passEvents(): () => void {
    const { bus, informers } = this.#options;
    const pass = (event: Event) => {
      const { kind = '_', name = '_', namespace = '_' } = event.involvedObject;
      bus.publish(topics.event(namespace, kind, name), event, { retain: false, qos: 0 });
    };
    return informers.for(events).subscribe({ onAdd: pass, onUpdate: pass });
  }
}
