// nodes/N/observed/volumes: a released volume whose board has removed its directory is deleted; one that the board
// could not remove is Failed and says why. A board speaks only of directories of its own.
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { boardOfLocalPath, isToBeRemoved } from '../api/local-volume.ts';
import type { PersistentVolume } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import { LOCAL_PATH_PROVISIONER } from '../api/storage-marks.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import type { MessageBus } from '../mqtt/message-bus.ts';
import type { ObservedVolume } from '../mqtt/messages.ts';
import { levelsOf, nodeFilters, topics } from '../mqtt/topics.ts';
import { readObservedVolumes } from './board-messages.ts';
import type { NodePresence } from './node-presence.ts';

export interface VolumeRemovalsOptions {
  client: Client;
  bus: MessageBus;
  volumes: Informer<PersistentVolume>;
  presence: NodePresence;
  recorder: EventSink;
  clock: Clock;
  logger: Logger;
}

export class VolumeRemovals {
  readonly #options: VolumeRemovalsOptions;
  readonly #runner: ControllerRunner;
  #unsubscribe: (() => void) | undefined;

  constructor(options: VolumeRemovalsOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const reconcile = (node: string) => this.#reconcile(node);
    this.#runner = new ControllerRunner({ name: 'volume-removals', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.bus.subscribe(nodeFilters.observedVolumes, ({ topic }) => {
      const [, node = ''] = levelsOf(topic) ?? [];
      this.#runner.enqueue(node);
    });
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#runner.stop();
  }

  async #reconcile(node: string): Promise<void> {
    const { bus, presence, volumes } = this.#options;
    const [message] = bus.retained(topics.observedVolumes(node));
    const report = message && readObservedVolumes(decodeJson(message.payload));
    if (!report || !presence.isCurrent(node, report.session)) return;
    for (const [name, observed] of Object.entries(report.volumes)) {
      const volume = volumes.lister.get(name);
      const isItsOwn = volume?.metadata.uid === observed.uid && boardOfLocalPath(volume) === node;
      if (volume && isItsOwn && isToBeRemoved(volume)) await this.#take(volume, observed);
    }
  }

  async #take(volume: PersistentVolume, { removed, message = '' }: ObservedVolume): Promise<void> {
    const { client, recorder } = this.#options;
    const { name, uid } = volume.metadata;
    try {
      if (removed) return await client.delete(persistentVolumes, name, { preconditions: { uid } });
      if (volume.status?.phase === 'Failed' && volume.status.message === message) return;
      const body = { metadata: { uid }, status: { phase: 'Failed', message } };
      await client.patch(persistentVolumes, name, { type: 'merge', body }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    const component = LOCAL_PATH_PROVISIONER;
    recorder.record({ object: volume, type: 'Warning', reason: 'VolumeFailedDelete', message, component });
  }
}
