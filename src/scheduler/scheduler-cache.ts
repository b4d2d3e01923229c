// Boards and their load, kept as events come instead of counted afresh for every pod. A pod that was just
// placed counts at once (assumed), long before its binding comes back as an event.
import type { Node, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { allocatableOf, type NodeUsage, type PodLoad, podLoad } from './node-usage.ts';

interface Placed {
  nodeName: string;
  load: PodLoad;
  assumed: boolean;
}

export class SchedulerCache {
  readonly #nodes = new Map<string, Omit<NodeUsage, 'pods'>>();
  readonly #placed = new Map<string, Placed>();
  readonly #loads = new Map<string, Map<string, PodLoad>>();

  setNode(node: Node): void {
    const { maxPods, ...allocatable } = allocatableOf(node);
    this.#nodes.set(node.metadata.name, { node, allocatable, maxPods });
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
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

  /** Every board with its load; the maps are live and not to be kept. */
  usages(): NodeUsage[] {
    return [...this.#nodes.values()].map((usage) => ({
      ...usage,
      pods: this.#loads.get(usage.node.metadata.name) ?? new Map(),
    }));
  }

  #put(pod: Pod, nodeName: string, assumed: boolean): void {
    this.removePod(pod.metadata.uid);
    const load = podLoad(pod);
    this.#placed.set(pod.metadata.uid, { nodeName, load, assumed });
    const loads = this.#loads.get(nodeName) ?? new Map<string, PodLoad>();
    this.#loads.set(nodeName, loads.set(pod.metadata.uid, load));
  }
}
