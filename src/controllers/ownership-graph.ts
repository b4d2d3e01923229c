// Who depends on whom, kept from the informers of all kinds. Items are named by kind and key.
import { type KubeObject, keyOf } from '../api/objects.ts';
import { apiVersionOf, groupOf, type KindDefinition } from '../api/scheme.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';

export interface Item {
  kind: KindDefinition;
  key: string;
}

const OWNER_UID_INDEX = 'ownerUid';

export class OwnershipGraph {
  readonly #kinds = new Map<string, { kind: KindDefinition; informer: Informer<KubeObject> }>();

  constructor(kinds: readonly KindDefinition[], informers: InformerFactory) {
    for (const kind of kinds) this.#kinds.set(kindId(kind), { kind, informer: informers.for(kind) });
  }

  /** Begins to index; call once before reading dependents. */
  index(): void {
    for (const { informer } of this.#kinds.values()) indexOwners(informer);
  }

  /** A kind that appears later. */
  add(kind: KindDefinition, informer: Informer<KubeObject>): void {
    this.#kinds.set(kindId(kind), { kind, informer });
    indexOwners(informer);
  }

  sources(): Iterable<{ kind: KindDefinition; informer: Informer<KubeObject> }> {
    return this.#kinds.values();
  }

  /** By what an ownerReference says; `undefined` for a kind that this server does not know. */
  kindOf(apiVersion: string, kind: string): KindDefinition | undefined {
    const group = groupOf(apiVersion);
    for (const known of this.#kinds.values()) {
      if (known.kind.kind === kind && known.kind.group === group) return known.kind;
    }
    return undefined;
  }

  get({ kind, key }: Item): KubeObject | undefined {
    return this.#kinds.get(kindId(kind))?.informer.lister.get(key);
  }

  /** In any namespace. */
  hasUid(kind: KindDefinition, uid: string): boolean {
    const all = this.#kinds.get(kindId(kind))?.informer.lister.list() ?? [];
    return all.some(({ metadata }) => metadata.uid === uid);
  }

  dependents(ownerUid: string): { item: Item; object: KubeObject }[] {
    return [...this.#kinds.values()].flatMap(({ kind, informer }) =>
      informer.lister.byIndex(OWNER_UID_INDEX, ownerUid).map((object) => ({
        item: { kind, key: keyOf(object) },
        object,
      })),
    );
  }

  /** One text per item, for queues. */
  nameOf({ kind, key }: Item): string {
    return `${kindId(kind)} ${key}`;
  }

  itemOf(name: string): Item | undefined {
    const space = name.indexOf(' ');
    const known = this.#kinds.get(name.slice(0, space));
    return known && { kind: known.kind, key: name.slice(space + 1) };
  }
}

function indexOwners(informer: Informer<KubeObject>): void {
  informer.addIndex(OWNER_UID_INDEX, ({ metadata }) =>
    (metadata.ownerReferences ?? []).map(({ uid }) => uid),
  );
}

const kindId = (kind: KindDefinition) => `${apiVersionOf(kind)}/${kind.plural}`;
