// services/…: every Service and its EndpointSlices, for proxy and DNS of every board. A Service whose pods come
// and go in quick succession is sent once for all that happened within 100 ms.
import { endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { services } from '../api/kinds/service.ts';
import { type EndpointSlice, keyOf, type Service } from '../api/objects.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { IndexEntry } from '../mqtt/messages.ts';
import { topics } from '../mqtt/topics.ts';
import { serviceKeyOf, serviceMessage, sliceMessage } from './service-message.ts';
import type { VersionedTopics } from './versioned-topics.ts';

export interface ServicesPublisherOptions {
  informers: InformerFactory;
  topics: VersionedTopics;
  clock: Clock;
  logger: Logger;
}

const COALESCE_MS = 100;
/** Everything is one piece of work, because the index speaks of all. */
const ALL = 'services';

/** Index of the EndpointSlice informer: slices by the key of their Service. */
const BY_SERVICE = 'service';

export class ServicesPublisher {
  readonly #options: ServicesPublisherOptions;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #runner: ControllerRunner;
  /** Keys of Services. */
  readonly #changed = new Set<string>();
  /** What stands on the topics, by Service: its own entry and those of its slices, by their id in the index. */
  readonly #told = new Map<string, Map<string, IndexEntry>>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: ServicesPublisherOptions) {
    this.#options = options;
    const { informers, clock, logger } = options;
    this.#services = informers.for(services);
    this.#slices = informers.for(endpointSlices);
    this.#slices.addIndex(BY_SERVICE, (slice) => [serviceKeyOf(slice) ?? []].flat());
    const reconcile = async () => this.#reconcile();
    this.#runner = new ControllerRunner({ name: 'services', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    const look = (key: string | undefined) => {
      if (key) this.#changed.add(key);
      this.#runner.enqueueAfter(ALL, COALESCE_MS);
    };
    const service = (object: Service) => look(keyOf(object));
    const slice = (object: EndpointSlice) => look(serviceKeyOf(object));
    const relabelled = (object: EndpointSlice, previous: EndpointSlice) => {
      slice(previous);
      slice(object);
    };
    this.#unsubscribe = [
      this.#services.subscribe({ onAdd: service, onUpdate: service, onDelete: service }),
      this.#slices.subscribe({ onAdd: slice, onUpdate: relabelled, onDelete: slice }),
    ];
    await this.#runner.start();
    // An empty set is worth an index too: an agent may then drop what it remembers.
    this.#runner.enqueue(ALL);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  #reconcile(): void {
    const gone = [...this.#changed].flatMap((key) => this.#tell(key));
    this.#changed.clear();
    const entries = [...this.#told.values()].flatMap((told) => [...told]);
    this.#options.topics.put(topics.servicesIndex, {
      revision: this.#revision,
      content: () => ({ services: Object.fromEntries(entries) }),
    });
    for (const id of gone) this.#options.topics.remove(topics.service(id));
  }

  /** Returns the ids that are on no topic any more: they are removed after the index that does not name them. */
  #tell(key: string): string[] {
    const service = this.#services.lister.get(key);
    const slices = service ? this.#slices.lister.byIndex(BY_SERVICE, key) : [];
    const messages = service ? [serviceMessage(service), ...slices.map((s) => sliceMessage(key, s))] : [];
    const before = this.#told.get(key);
    const now = new Map(messages.map((message) => [message.key, this.#put(message)]));
    if (now.size > 0) this.#told.set(key, now);
    else this.#told.delete(key);
    return [...(before?.keys() ?? [])].filter((id) => !now.has(id));
  }

  #put(message: { key: string; uid: string }): IndexEntry {
    const content = () => message;
    const topic = topics.service(message.key);
    return {
      uid: message.uid,
      revision: this.#options.topics.put(topic, { revision: this.#revision, content }),
    };
  }

  get #revision(): number {
    return Math.max(this.#services.revision, this.#slices.revision);
  }
}
