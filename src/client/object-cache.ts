// What an informer knows of one kind: objects by key, by namespace and by any index a reader asks for.
// Objects are shared with the server: readers never change them.
import { type KubeObject, keyOf } from '../api/objects.ts';

/** The reading half, for everybody but the informer. */
export interface Lister<T extends KubeObject> {
  get(key: string): T | undefined;
  /** All objects, in no order that means anything. */
  list(): T[];
  /** Objects of one namespace. */
  inNamespace(namespace: string): T[];
  /** Objects whose index function gave `value`; throws when the index was never added. */
  byIndex(index: string, value: string): T[];
}

export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

interface Index<T extends KubeObject> {
  valuesOf: IndexFunction<T>;
  keys: Map<string, Set<string>>;
}

const NAMESPACE_INDEX = 'namespace';

export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor() {
    const valuesOf: IndexFunction<T> = ({ metadata: { namespace } }) => (namespace ? [namespace] : []);
    this.#indexes.set(NAMESPACE_INDEX, { valuesOf, keys: new Map() });
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  inNamespace(namespace: string): T[] {
    return this.byIndex(NAMESPACE_INDEX, namespace);
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`no index ${index}: add it before reading by it`);
    return [...(found.keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Same name again = same index: the first function stays. */
  addIndex(index: string, valuesOf: IndexFunction<T>): void {
    if (this.#indexes.has(index)) return;
    const added = { valuesOf, keys: new Map<string, Set<string>>() };
    this.#indexes.set(index, added);
    for (const [key, object] of this.#objects) enter(added, key, object);
  }

  put(object: T): void {
    const key = keyOf(object);
    this.remove(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) enter(index, key, object);
  }

  remove(key: string): void {
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) leave(index, key, object);
  }
}

function enter<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    if (keys) keys.add(key);
    else index.keys.set(value, new Set([key]));
  }
}

function leave<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.keys.delete(value);
  }
}
