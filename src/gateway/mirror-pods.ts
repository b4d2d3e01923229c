// Mirror pods: for every static pod that a board reports the API shows one pod, made and taken away here. Deleting
// it stops nothing: it comes back. What a board may say of itself ends there: it is bound to that board, and no
// Secret or token is sent for it. https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod } from '../api/objects.ts';
import { CONFIG_MIRROR_ANNOTATION, isMirrorPod, uidOnBoard } from '../api/static-pod.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import type { BusMessage, MessageBus } from '../mqtt/message-bus.ts';
import type { ObservedPodMessage } from '../mqtt/messages.ts';
import { keyOfLevels, levelsOf, nodeFilters, topics } from '../mqtt/topics.ts';
import { readObservedIndex, readObservedPod } from './board-messages.ts';
import type { NodePresence } from './node-presence.ts';

export interface MirrorPodsOptions {
  client: Client;
  bus: MessageBus;
  pods: Informer<Pod>;
  presence: NodePresence;
  clock: Clock;
  logger: Logger;
}

/**
 * How long the name stays free after somebody deleted the mirror. `kubectl delete` asks for the pod and then lists it:
 * where another one came in between, it waits for that one to go, without end.
 */
const GONE_FOR_MS = 1000;

type MirrorAction = { do: 'nothing' } | { do: 'create'; pod: MirrorPod } | { do: 'remove'; uid: string };
type MirrorPod = Omit<Pod, 'metadata'> & { metadata: Partial<Pod['metadata']> & { name: string } };

/** What is stored beside what the board reports in its current session; `isListed` by its index. Pure. */
function mirrorAction(
  place: { node: string; key: string },
  stored: Pod | undefined,
  report: ObservedPodMessage | undefined,
  isListed: boolean,
): MirrorAction {
  if (stored && !(isMirrorPod(stored) && stored.spec.nodeName === place.node)) return { do: 'nothing' };
  if (!report?.mirror)
    return stored && !isListed ? { do: 'remove', uid: stored.metadata.uid } : { do: 'nothing' };
  if (!stored) return { do: 'create', pod: mirrorOf(place, report.mirror, report.uid) };
  const isTrue = uidOnBoard(stored) === report.uid && !stored.metadata.deletionTimestamp;
  return isTrue ? { do: 'nothing' } : { do: 'remove', uid: stored.metadata.uid };
}

function mirrorOf(
  { node, key }: { node: string; key: string },
  { metadata, spec }: Pod,
  hash: string,
): MirrorPod {
  const [namespace = '', name = ''] = key.split('/');
  const { labels, annotations } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [CONFIG_MIRROR_ANNOTATION]: hash },
    },
    spec: { ...spec, nodeName: node },
  };
}

export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  readonly #runner: ControllerRunner;
  /** Until when the name of a deleted mirror stays free, by place, on the monotonic clock. */
  readonly #freeUntilMs = new Map<string, number>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#runner = new ControllerRunner({
      name: 'mirror-pods',
      reconcile: (place) => this.#reconcile(place),
      clock,
      logger,
    });
  }

  async start(): Promise<void> {
    const { bus, pods } = this.#options;
    const look = (pod: Pod) => isMirrorPod(pod) && this.#look(pod.spec.nodeName ?? '', keyOf(pod));
    this.#unsubscribe = [
      pods.subscribe({ onAdd: look, onUpdate: look, onDelete: look }),
      bus.subscribe(nodeFilters.observedPods, (message) => this.#reported(message)),
      bus.subscribe(nodeFilters.observedIndex, ({ topic }) => this.#listed(levelsOf(topic)?.[1] ?? '')),
    ];
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  #look(node: string, key: string): void {
    this.#runner.enqueue(`${node} ${key}`);
  }

  /** Most reports are on pods of the API: those cost no look. */
  #reported({ topic, payload }: BusMessage): void {
    const [, node = '', , , namespace = '', name = ''] = levelsOf(topic) ?? [];
    if (readObservedPod(decodeJson(payload))?.mirror) this.#look(node, keyOfLevels(namespace, name));
  }

  #listed(node: string): void {
    const mirrors = this.#options.pods.lister
      .list()
      .filter((pod) => isMirrorPod(pod) && pod.spec.nodeName === node);
    for (const pod of mirrors) this.#look(node, keyOf(pod));
  }

  async #reconcile(place: string): Promise<{ requeueAfterMs: number } | undefined> {
    const [node = '', key = ''] = place.split(' ');
    const { bus, client, clock, presence } = this.#options;
    const read = <T>(topic: string, as: (fields: ReturnType<typeof decodeJson>) => T | undefined) => {
      const [message] = bus.retained(topic);
      return message && as(decodeJson(message.payload));
    };
    const index = read(topics.observedIndex(node), readObservedIndex);
    // Until the board has said all that it has, nothing is missing.
    if (!index || !presence.isCurrent(node, index.session)) return;
    const said = read(topics.observedPod(node, key), readObservedPod);
    const report = said?.session === index.session ? said : undefined;
    const stored = this.#options.pods.lister.get(key);
    const action = mirrorAction({ node, key }, stored, report, key in index.pods);
    const leftMs = (this.#freeUntilMs.get(place) ?? 0) - clock.monotonicMs();
    if (leftMs <= 0) this.#freeUntilMs.delete(place);
    if (action.do === 'create' && leftMs > 0) return { requeueAfterMs: leftMs };
    if (action.do === 'create') await ifFree(client.create<Pod>(pods, action.pod));
    if (action.do === 'remove') {
      if (stored?.metadata.deletionTimestamp) this.#freeUntilMs.set(place, clock.monotonicMs() + GONE_FOR_MS);
      await this.#remove(key, action.uid);
    }
  }

  async #remove(key: string, uid: string): Promise<void> {
    try {
      await this.#options.client.delete(pods, key, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** Made a moment ago by an earlier look that the cache does not show yet. */
async function ifFree(creating: Promise<unknown>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
