// ingress/…: the Ingresses of our classes, for the boards that serve them. Those of other controllers are not sent.

import { INGRESS_ANNOTATIONS } from '../api/ingress/annotation-reader.ts';
import { type BoardIngress, isServedByBoards } from '../api/ingress/board-ingress.ts';
import { ingresses } from '../api/kinds/ingress.ts';
import { ingressClasses } from '../api/kinds/ingress-class.ts';
import { type Ingress, type IngressClass, keyOf } from '../api/objects.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { IndexEntry } from '../mqtt/messages.ts';
import { topics } from '../mqtt/topics.ts';
import type { VersionedTopics } from './versioned-topics.ts';

export interface IngressPublisherOptions {
  informers: InformerFactory;
  topics: VersionedTopics;
  clock: Clock;
  logger: Logger;
}

const COALESCE_MS = 100;
/** Everything is one piece of work: there are few, and a class decides over many. */
const ALL = 'ingresses';

export class IngressPublisher {
  readonly #options: IngressPublisherOptions;
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #runner: ControllerRunner;
  #told = new Map<string, IndexEntry>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: IngressPublisherOptions) {
    this.#options = options;
    const { informers, clock, logger } = options;
    this.#ingresses = informers.for(ingresses);
    this.#classes = informers.for(ingressClasses);
    const reconcile = async () => this.#reconcile();
    this.#runner = new ControllerRunner({ name: 'ingresses', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    const look = () => this.#runner.enqueueAfter(ALL, COALESCE_MS);
    const handler = { onAdd: look, onUpdate: look, onDelete: look };
    this.#unsubscribe = [this.#ingresses.subscribe(handler), this.#classes.subscribe(handler)];
    await this.#runner.start();
    // An empty set is worth an index too: a board may then drop what it remembers.
    this.#runner.enqueue(ALL);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  #reconcile(): void {
    const before = this.#told;
    const classNamed = (name: string) => this.#classes.lister.get(name);
    const ours = this.#ingresses.lister.list().filter((ingress) => isServedByBoards(ingress, classNamed));
    this.#told = new Map(ours.map((ingress) => [keyOf(ingress), this.#put(ingress)]));
    this.#options.topics.put(topics.ingressIndex, {
      revision: Math.max(this.#ingresses.revision, this.#classes.revision),
      content: () => ({ ingresses: Object.fromEntries(this.#told) }),
    });
    for (const key of before.keys()) {
      if (!this.#told.has(key)) this.#options.topics.remove(topics.ingress(key));
    }
  }

  #put(ingress: Ingress): IndexEntry {
    const { uid, resourceVersion } = ingress.metadata;
    const revision = this.#options.topics.put(topics.ingress(keyOf(ingress)), {
      revision: Number(resourceVersion),
      source: `${uid} ${resourceVersion}`,
      content: () => ingressMessage(ingress),
    });
    return { uid, revision };
  }
}

function ingressMessage({ metadata, spec }: Ingress): BoardIngress {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) =>
    name.startsWith(INGRESS_ANNOTATIONS),
  );
  return {
    key: keyOf({ metadata }),
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
    spec,
  };
}
