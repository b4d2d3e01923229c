// One informer per kind for the whole process, however many rooms ask: one watch and one cache each.
import type { KubeObject } from '../api/objects.ts';
import { apiVersionOf, type KindDefinition } from '../api/scheme.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import { Informer } from './informer.ts';

export interface InformerFactoryOptions {
  client: Client;
  clock: Clock;
  logger: Logger;
}

export class InformerFactory implements Component {
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  #started = false;

  constructor(options: InformerFactoryOptions) {
    this.#options = options;
  }

  /** The shared informer. It runs from the factory's start on; asked for later, it starts at once. */
  for<T extends KubeObject>(kind: KindDefinition<T>): Informer<T> {
    const id = `${apiVersionOf(kind)}/${kind.plural}`;
    const known = this.#informers.get(id);
    if (known) return known as unknown as Informer<T>;
    const informer = new Informer<T>({ ...this.#options, kind });
    this.#informers.set(id, informer as unknown as Informer<KubeObject>);
    if (this.#started) void informer.start();
    return informer;
  }

  /** Starts all that were asked for so far; resolves when all have their first list. */
  async start(): Promise<void> {
    this.#started = true;
    await Promise.all([...this.#informers.values()].map((informer) => informer.start()));
  }

  async stop(): Promise<void> {
    this.#started = false;
    await Promise.all([...this.#informers.values()].map((informer) => informer.stop()));
  }
}
