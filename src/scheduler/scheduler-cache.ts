// Boards and their load, kept as events come instead of counted afresh for every pod. A pod that was just
// placed counts at once (assumed), long before its binding comes back as an event.
import type { Node, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import type { PodMove } from './changed-world.ts';
import { type NodeFacts, type NodeUsage, nodeFacts, type PodLoad, podLoad, usageOf } from './node-usage.ts';
import { PodIndex } from './pod-index.ts';
import type { PodSelection, World } from './world.ts';

interface Placed {
  nodeName: string;
  load: PodLoad;
  assumed: boolean;
}

export class SchedulerCache {
  readonly #facts = new Map<string, NodeFacts>();
  readonly #placed = new Map<string, Placed>();
  readonly #loads = new Map<string, Map<string, PodLoad>>();
  /** Made when asked for; dropped when the board or its pods change. */
  readonly #usages = new Map<string, NodeUsage>();
  readonly #index = new PodIndex(() => this.#placed.values());
  readonly #nominated = new Map<string, PodMove>();

  setNode(node: Node): void {
    this.#facts.set(node.metadata.name, nodeFacts(node));
    this.#usages.delete(node.metadata.name);
  }

  removeNode(name: string): void {
    this.#facts.delete(name);
    this.#usages.delete(name);
  }

  /** The pod as an event tells of it; the last word over anything assumed, unless it is older than the binding. */
  setPod(pod: Pod): void {
    const known = this.#placed.get(pod.metadata.uid);
    const nodeName = pod.spec.nodeName;
    if (!nodeName && known?.assumed) return;
    if (nodeName && !isFinished(pod)) this.#put(pod, nodeName, false);
    else this.removePod(pod.metadata.uid);
  }

  removePod(uid: string): void {
    const known = this.#placed.get(uid);
    if (!known) return;
    this.#placed.delete(uid);
    this.#index.remove(known.load, known.nodeName);
    this.#usages.delete(known.nodeName);
    const loads = this.#loads.get(known.nodeName);
    loads?.delete(uid);
    if (loads?.size === 0) this.#loads.delete(known.nodeName);
  }

  /** Counts the pod on the board before anybody else knows. */
  assume(pod: Pod, nodeName: string): void {
    this.#put(pod, nodeName, true);
  }

  /** The binding failed: takes the assumption back, unless an event has confirmed it since. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.removePod(uid);
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  /** A board is being cleared for the pod; `undefined` = no longer. */
  nominate(pod: Pod, nodeName: string | undefined): void {
    const { uid } = pod.metadata;
    if (nodeName) this.#nominated.set(uid, { nodeName, load: podLoad(pod) });
    else this.#nominated.delete(uid);
  }

  /** Other pods that boards are being cleared for and that `load` must give way to. */
  nominatedBefore(load: PodLoad): PodMove[] {
    const { uid } = load.pod.metadata;
    return [...this.#nominated.values()].filter(
      (move) => move.load.pod.metadata.uid !== uid && move.load.priority >= load.priority,
    );
  }

  /** Less important pods that the board was being cleared for. */
  nominatedBelow(nodeName: string, priority: number): Pod[] {
    return [...this.#nominated.values()]
      .filter((move) => move.nodeName === nodeName && move.load.priority < priority)
      .map(({ load }) => load.pod);
  }

  /** What a namespace's labels select has changed. */
  forgetCounts(): void {
    this.#index.forgetCounts();
  }

  /** The boards as they are now; not to be kept. */
  world(rest: Pick<World, 'storage' | 'namespaceLabels'>): World {
    return {
      ...rest,
      usages: [...this.#facts.keys()].flatMap((name) => this.#usage(name) ?? []),
      usage: (name) => this.#usage(name),
      counts: (selection: PodSelection) => this.#index.counts(selection),
      terms: () => this.#index.terms(),
    };
  }

  #usage(name: string): NodeUsage | undefined {
    const facts = this.#facts.get(name);
    const known = this.#usages.get(name);
    if (!facts || known) return known;
    const usage = usageOf(facts, this.#loads.get(name) ?? new Map());
    this.#usages.set(name, usage);
    return usage;
  }

  #put(pod: Pod, nodeName: string, assumed: boolean): void {
    this.removePod(pod.metadata.uid);
    const load = podLoad(pod);
    this.#placed.set(pod.metadata.uid, { nodeName, load, assumed });
    const loads = this.#loads.get(nodeName) ?? new Map<string, PodLoad>();
    this.#loads.set(nodeName, loads.set(pod.metadata.uid, load));
    this.#index.add(load, nodeName);
    this.#usages.delete(nodeName);
  }
}
