// Read your own writes: what this process has just written and its informer has not yet heard of. Laid over
// the cache it replaces client-go's expectations: no counting, no timeouts, since revisions only grow.
import { type KubeObject, keyOf } from '../api/objects.ts';
import type { Informer } from './informer.ts';

export class WrittenObjects<T extends KubeObject> {
  readonly #informer: Pick<Informer<T>, 'lister' | 'revision'>;
  readonly #written = new Map<string, T>();
  /** Uids whose deletion was accepted. */
  readonly #deleted = new Map<string, string>();

  constructor(informer: Pick<Informer<T>, 'lister' | 'revision'>) {
    this.#informer = informer;
  }

  /** `object` as the server answered a create, update or patch. */
  wrote(object: T): void {
    this.#written.set(keyOf(object), object);
  }

  /** The server accepted the deletion of `object`. */
  deleted(object: T): void {
    this.#deleted.set(object.metadata.uid, keyOf(object));
  }

  get(key: string): T | undefined {
    this.#settle();
    return this.#present(this.#written.get(key) ?? this.#informer.lister.get(key));
  }

  /** The namespace's objects, or all: own writes included, own deletions left out. */
  list(namespace?: string): T[] {
    this.#settle();
    const { lister } = this.#informer;
    const cached = namespace === undefined ? lister.list() : lister.inNamespace(namespace);
    const objects = new Map(cached.map((object) => [keyOf(object), object]));
    for (const [key, object] of this.#written) {
      if (namespace === undefined || object.metadata.namespace === namespace) objects.set(key, object);
    }
    return [...objects.values()].filter((object) => this.#present(object) !== undefined);
  }

  #present(object: T | undefined): T | undefined {
    return object && this.#deleted.has(object.metadata.uid) ? undefined : object;
  }

  /** Lets go of everything that the informer has caught up with. */
  #settle(): void {
    const { revision, lister } = this.#informer;
    for (const [key, object] of this.#written) {
      if (Number(object.metadata.resourceVersion) <= revision) this.#written.delete(key);
    }
    for (const [uid, key] of this.#deleted) {
      if (this.#written.get(key)?.metadata.uid === uid) continue;
      const cached = lister.get(key);
      if (cached?.metadata.uid !== uid || cached.metadata.deletionTimestamp) this.#deleted.delete(uid);
    }
  }
}
