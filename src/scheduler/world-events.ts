// Carries what the informers tell into the scheduler's cache and queue: which pods want a board, and who may fit now.
import type { KubeObject, Pod } from '../api/objects.ts';
import { keyOf, type Node } from '../api/objects.ts';
import { heldSpec } from '../api/pod-resize.ts';
import type { Informer, InformerHandler } from '../client/informer.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import type { SchedulerInformers } from './scheduler-informers.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';
import { asksAnew, isGated, isPending, mayFitMore } from './wake-ups.ts';

export class WorldEvents {
  readonly #cache: SchedulerCache;
  readonly #queue: SchedulingQueue;

  constructor(cache: SchedulerCache, queue: SchedulingQueue) {
    this.#cache = cache;
    this.#queue = queue;
  }

  /** Gives the way out. */
  follow(informers: SchedulerInformers): () => void {
    const ways = [
      informers.nodes.subscribe(this.#nodeHandler()),
      this.#followNamespaces(informers.namespaces),
      ...[informers.claims, informers.volumes, informers.storageClasses].map((informer) =>
        this.#followStorage(informer as unknown as Informer<KubeObject>),
      ),
      informers.pods.subscribe(this.#podHandler()),
    ];
    return () => {
      for (const leave of ways) leave();
    };
  }

  #nodeHandler(): InformerHandler<Node> {
    return {
      onAdd: (node) => {
        this.#cache.setNode(node);
        this.#queue.wake('board');
      },
      onUpdate: (node, previous) => {
        this.#cache.setNode(node);
        if (mayFitMore(node, previous)) this.#queue.wake('board');
      },
      onDelete: (node) => this.#cache.removeNode(node.metadata.name),
    };
  }

  #followStorage(informer: Informer<KubeObject>): () => void {
    const wake = () => this.#queue.wake('storage');
    return informer.subscribe({ onAdd: wake, onUpdate: wake, onDelete: wake });
  }

  #followNamespaces(informer: SchedulerInformers['namespaces']): () => void {
    const changed = () => {
      this.#cache.forgetCounts();
      this.#queue.wake('namespace');
    };
    const labels = ({ metadata }: KubeObject) => JSON.stringify(metadata.labels ?? {});
    return informer.subscribe({
      onAdd: changed,
      onUpdate: (namespace, previous) => {
        if (labels(namespace) !== labels(previous)) changed();
      },
    });
  }

  #podHandler(): InformerHandler<Pod> {
    return {
      onAdd: (pod) => this.#podChanged(pod, undefined),
      onUpdate: (pod, previous) => this.#podChanged(pod, previous),
      onDelete: (pod) => {
        this.#cache.removePod(pod.metadata.uid);
        this.#cache.nominate(pod, undefined);
        this.#queue.forget(keyOf(pod));
        if (pod.spec.nodeName || pod.status?.nominatedNodeName) this.#queue.wake('room');
      },
    };
  }

  #podChanged(pod: Pod, previous: Pod | undefined): void {
    const wasPlaced = this.#cache.isPlaced(pod.metadata.uid);
    if (!previous || changesLoad(pod, previous)) this.#cache.setPod(pod);
    if (isPending(pod)) {
      this.#cache.nominate(pod, pod.status?.nominatedNodeName);
      if (isGated(pod)) this.#queue.forget(keyOf(pod));
      else if (!previous || asksAnew(pod, previous)) this.#queue.add(keyOf(pod), pod.spec.priority ?? 0);
      return;
    }
    this.#cache.nominate(pod, undefined);
    this.#queue.forget(keyOf(pod));
    const isPlaced = this.#cache.isPlaced(pod.metadata.uid);
    if (wasPlaced && (!isPlaced || (previous && mayHaveShrunk(pod, previous)))) this.#queue.wake('room');
    if (isPlaced && (!previous?.spec.nodeName || asksAnew(pod, previous))) this.#queue.wake('company');
    if (pod.metadata.deletionTimestamp && !previous?.metadata.deletionTimestamp) this.#queue.wake('company');
  }
}

/** A board reports often; what it takes up changes rarely. */
function changesLoad(pod: Pod, previous: Pod): boolean {
  const facts = ({ metadata, status }: Pod) =>
    [metadata.deletionTimestamp, status?.phase, status?.startTime].join();
  const isPreempted = (p: Pod) =>
    p.status?.conditions?.some(({ type }) => type === 'DisruptionTarget') === true;
  return (
    facts(pod) !== facts(previous) ||
    isPreempted(pod) !== isPreempted(previous) ||
    asksAnew(pod, previous) ||
    mayHaveShrunk(pod, previous)
  );
}

/** A smaller size counts once its board has said that it is reached; in between the two are not alike. */
const mayHaveShrunk = (pod: Pod, previous: Pod): boolean => isBetweenSizes(pod) || isBetweenSizes(previous);
const isBetweenSizes = (pod: Pod): boolean => heldSpec(pod) !== pod.spec;
