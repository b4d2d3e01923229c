// services/…: every Service with its ready endpoints, for the proxy of every board. A Service whose pods come
// and go in quick succession is sent once for all that happened within 100 ms.
import { endpoints } from '../api/kinds/endpoints.ts';
import { services } from '../api/kinds/service.ts';
import { type Endpoints, type KubeObject, keyOf, type Service } from '../api/objects.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { IndexEntry } from '../mqtt/messages.ts';
import { topics } from '../mqtt/topics.ts';
import { serviceMessage } from './service-message.ts';
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

export class ServicesPublisher {
  readonly #options: ServicesPublisherOptions;
  readonly #services: Informer<Service>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #runner: ControllerRunner;
  readonly #changed = new Set<string>();
  readonly #told = new Map<string, IndexEntry>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: ServicesPublisherOptions) {
    this.#options = options;
    const { informers, clock, logger } = options;
    this.#services = informers.for(services);
    this.#endpoints = informers.for(endpoints);
    const reconcile = async () => this.#reconcile();
    this.#runner = new ControllerRunner({ name: 'services', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    const look = (object: KubeObject) => {
      this.#changed.add(keyOf(object));
      this.#runner.enqueueAfter(ALL, COALESCE_MS);
    };
    const handler = { onAdd: look, onUpdate: look, onDelete: look };
    this.#unsubscribe = [this.#services.subscribe(handler), this.#endpoints.subscribe(handler)];
    await this.#runner.start();
    // An empty set is worth an index too: an agent may then drop what it remembers.
    this.#runner.enqueue(ALL);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  #reconcile(): void {
    const gone = [...this.#changed].filter((key) => !this.#tell(key));
    this.#changed.clear();
    for (const key of gone) this.#told.delete(key);
    this.#options.topics.put(topics.servicesIndex, {
      revision: this.#revision,
      content: () => ({ services: Object.fromEntries(this.#told) }),
    });
    for (const key of gone) this.#options.topics.remove(topics.service(key));
  }

  /** False when there is nothing to tell of the Service any more. */
  #tell(key: string): boolean {
    const service = this.#services.lister.get(key);
    const message = service && serviceMessage(service, this.#endpoints.lister.get(key));
    if (!message) return false;
    const revision = this.#options.topics.put(topics.service(key), {
      revision: this.#revision,
      content: () => message,
    });
    this.#told.set(key, { uid: message.uid, revision });
    return true;
  }

  get #revision(): number {
    return Math.max(this.#services.revision, this.#endpoints.revision);
  }
}
