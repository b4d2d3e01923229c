// What the engine has, as last seen: workers read it instead of asking podman on every pass. A list or inspect
// that was under way while a worker changed something never overwrites what the worker saw.
import type { RuntimeContainer } from './runtime/runtime.ts';

/** Taken before asking the engine, given back with its answer. */
type Snapshot = number;

export class ContainerCache {
  readonly #byId = new Map<string, RuntimeContainer>();
  /** When each id was last changed by a worker; kept only while an answer is awaited. */
  readonly #touchedAt = new Map<string, number>();
  readonly #awaited = new Set<Snapshot>();
  #changes = 0;

  get(id: string): RuntimeContainer | undefined {
    return this.#byId.get(id);
  }

  ofPod(uid: string): RuntimeContainer[] {
    return [...this.#byId.values()].filter((c) => c.podUid === uid);
  }

  /** All, ended ones and pause containers too. */
  all(): RuntimeContainer[] {
    return [...this.#byId.values()];
  }

  /** All that run, pause containers too. */
  running(): RuntimeContainer[] {
    return [...this.#byId.values()].filter((c) => c.state === 'running');
  }

  uidsOf(key: string): Set<string> {
    return new Set([...this.#byId.values()].filter((c) => c.podKey === key).map((c) => c.podUid));
  }

  uids(): Set<string> {
    return new Set([...this.#byId.values()].map((c) => c.podUid));
  }

  keys(): Set<string> {
    return new Set([...this.#byId.values()].map((c) => c.podKey));
  }

  /** Addresses held by pause containers that run. */
  addresses(): Set<string> {
    const held = [...this.#byId.values()].filter((c) => c.ip !== undefined && c.state !== 'exited');
    return new Set(held.map((c) => c.ip ?? ''));
  }

  /** A worker's own knowledge: it made or saw this just now. */
  put(container: RuntimeContainer): void {
    this.#touch(container.id);
    this.#byId.set(container.id, container);
  }

  remove(id: string): void {
    this.#touch(id);
    this.#byId.delete(id);
  }

  removePod(uid: string): void {
    for (const container of this.ofPod(uid)) this.remove(container.id);
  }

  beforeAsking(): Snapshot {
    const snapshot = ++this.#changes;
    this.#awaited.add(snapshot);
    return snapshot;
  }

  /** The engine's whole answer to a list; returns the keys of pods it is about, old and new. */
  applyList(snapshot: Snapshot, list: readonly RuntimeContainer[]): Set<string> {
    const keys = this.keys();
    const listed = new Set(list.map((c) => c.id));
    for (const id of [...this.#byId.keys()]) {
      if (!listed.has(id) && !this.#isNewer(id, snapshot)) this.#byId.delete(id);
    }
    for (const container of list) {
      if (!this.#isNewer(container.id, snapshot)) this.#byId.set(container.id, container);
      keys.add(container.podKey);
    }
    this.doneAsking(snapshot);
    return keys;
  }

  /** The engine's answer about one container; returns the key of its pod. */
  applyInspect(snapshot: Snapshot, id: string, found: RuntimeContainer | undefined): string | undefined {
    const key = found?.podKey ?? this.#byId.get(id)?.podKey;
    if (!this.#isNewer(id, snapshot)) {
      if (found) this.#byId.set(id, found);
      else this.#byId.delete(id);
    }
    this.doneAsking(snapshot);
    return key;
  }

  /** To be called when the engine gave no answer. */
  doneAsking(snapshot: Snapshot): void {
    this.#awaited.delete(snapshot);
    if (this.#awaited.size === 0) this.#touchedAt.clear();
  }

  #touch(id: string): void {
    if (this.#awaited.size > 0) this.#touchedAt.set(id, ++this.#changes);
  }

  #isNewer(id: string, snapshot: Snapshot): boolean {
    return (this.#touchedAt.get(id) ?? 0) > snapshot;
  }
}
