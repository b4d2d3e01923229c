// nodes/N/observed/…: what boards report of their pods goes to pods/status, and ends the deletion handshake.
// Level-based: the retained report and the stored pod are read afresh for every look.
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import { type BusMessage, type MessageBus, RETAINED } from '../mqtt/message-bus.ts';
import { keyOfLevels, levelsOf, nodeFilters, topics } from '../mqtt/topics.ts';
import { readObservedIndex, readObservedPod } from './board-messages.ts';
import type { NodePresence } from './node-presence.ts';
import { observedAction } from './observed-status.ts';

export interface ObservedWriterOptions {
  client: Client;
  bus: MessageBus;
  pods: Informer<Pod>;
  presence: NodePresence;
  clock: Clock;
  logger: Logger;
}

/** Writes wait for the disk together: several at a time share one commit of the store. */
const WORKERS = 8;

export class ObservedWriter {
  readonly #options: ObservedWriterOptions;
  readonly #runner: ControllerRunner;
  #unsubscribe: (() => void)[] = [];

  constructor(options: ObservedWriterOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const reconcile = (key: string) => this.#reconcile(key);
    this.#runner = new ControllerRunner({ name: 'observed', reconcile, workers: WORKERS, clock, logger });
  }

  async start(): Promise<void> {
    const { bus, pods } = this.#options;
    const look = (pod: Pod) => pod.spec.nodeName && this.#runner.enqueue(keyOf(pod));
    this.#unsubscribe = [
      pods.subscribe({ onAdd: look, onUpdate: look }),
      bus.subscribe(nodeFilters.observedPods, ({ topic }) => this.#runner.enqueue(podKeyOf(topic))),
      bus.subscribe(nodeFilters.observedIndex, (message) => this.#clearUnlisted(message)),
    ];
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  async #reconcile(key: string): Promise<void> {
    const { client, presence } = this.#options;
    const pod = this.#options.pods.lister.get(key);
    const node = pod?.spec.nodeName;
    const report = node && this.#report(node, key);
    // A board that is not here says nothing: others may have judged its pods meanwhile.
    if (!pod || !report || !presence.isCurrent(node, report.session)) return;
    const action = observedAction(pod, report);
    if (action.do === 'write') await client.updateStatus(pods, action.pod);
    if (action.do === 'remove') await this.#remove(key, action.uid);
  }

  #report(node: string, key: string) {
    const [message] = this.#options.bus.retained(topics.observedPod(node, key));
    return message && readObservedPod(decodeJson(message.payload));
  }

  async #remove(key: string, uid: string): Promise<void> {
    try {
      await this.#options.client.delete(pods, key, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Gone already, or a new pod of the same name: either way this one is removed.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Reports of an earlier session that the board, having lost its memory, does not take back itself. */
  #clearUnlisted({ topic, payload }: BusMessage): void {
    const [, node = ''] = levelsOf(topic) ?? [];
    const index = readObservedIndex(decodeJson(payload));
    if (!index || !this.#options.presence.isCurrent(node, index.session)) return;
    const { bus } = this.#options;
    for (const message of [...bus.retained(nodeFilters.observedPodsOf(node))]) {
      if (!(podKeyOf(message.topic) in index.pods)) bus.publish(message.topic, undefined, RETAINED);
    }
  }
}

/** edge/v1/nodes/N/observed/pods/NS/NAME */
function podKeyOf(topic: string): string {
  const [, , , , namespace = '', name = ''] = levelsOf(topic) ?? [];
  return keyOfLevels(namespace, name);
}
