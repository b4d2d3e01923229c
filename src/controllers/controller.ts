// The frame that every controller shares: informers synced, handlers subscribed, then its queue worked on;
// stop() in the reverse. What a controller decides is its own.
import type { KubeObject } from '../api/objects.ts';
import type { Component } from '../base/component.ts';
import { ControllerRunner, type Reconcile } from '../client/controller-runner.ts';
import type { Informer, InformerHandler } from '../client/informer.ts';
import type { ControllerOptions } from './controller-options.ts';

interface Source {
  whenSynced(): Promise<void>;
  subscribe(): () => void;
}

export class Controller implements Component {
  readonly #runner: ControllerRunner;
  readonly #sources: Source[] = [];
  #unsubscribe: (() => void)[] = [];

  constructor(name: string, reconcile: Reconcile, options: ControllerOptions, workers = 1) {
    const { clock, logger, figures } = options;
    this.#runner = new ControllerRunner({ name, reconcile, clock, logger, workers, figures });
  }

  /** From start() on `handler` hears of every object; before it runs the informer is synced. */
  follows<T extends KubeObject>(informer: Informer<T>, handler: InformerHandler<T>): void {
    this.#sources.push({
      whenSynced: () => informer.whenSynced(),
      subscribe: () => informer.subscribe(handler),
    });
  }

  /** As {@link follows}, for what appears while the controller runs; ends with it. */
  followsFromNow<T extends KubeObject>(informer: Informer<T>, handler: InformerHandler<T>): void {
    this.#unsubscribe.push(informer.subscribe(handler));
  }

  enqueue(key: string): void {
    this.#runner.enqueue(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#runner.enqueueAfter(key, delayMs);
  }

  async start(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.whenSynced()));
    this.#unsubscribe = this.#sources.map((source) => source.subscribe());
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }
}

/** A handler that treats added, changed and deleted alike. */
export function onAnyChange<T extends KubeObject>(
  handle: (object: T, previous?: T) => void,
): InformerHandler<T> {
  return {
    onAdd: (object) => handle(object),
    onUpdate: (object, previous) => handle(object, previous),
    onDelete: (object) => handle(object),
  };
}
