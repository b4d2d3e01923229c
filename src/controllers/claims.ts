// Which objects an owner takes and lets go, and the writes that do it: what it made and what matches its selector
// without a controller is its own. Shared by every controller that owns objects by a selector.
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
import { type LabelSelector, matchesLabels } from '../api/label-selector.ts';
import { type KubeObject, keyOf, type meta } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { WrittenObjects } from '../client/written-objects.ts';
import { controllerOf } from './pod-state.ts';

export interface Claims<T extends KubeObject> {
  /** Match and belong to nobody. */
  adopt: T[];
  /** Own ones whose labels no longer match. */
  release: T[];
  /** Own ones that match, those to be adopted included. */
  own: T[];
}

/** What makes `owner` the one controller of an object. */
export function controllerReference(owner: KubeObject): meta.OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** A selector without any requirement selects nothing here: it would take everything of the namespace. */
export function selects(selector: LabelSelector, { metadata }: KubeObject): boolean {
  return selector.length > 0 && matchesLabels(selector, metadata.labels);
}

/**
 * An owner that is being deleted takes and lets go nothing. Orphans that `mayAdopt` denies, or that are being deleted,
 * are left alone.
 */
export function claimsOf<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector,
  objects: readonly T[],
  mayAdopt: (object: T) => boolean = () => true,
): Claims<T> {
  const matches = (object: T) => selects(selector, object);
  const owned = objects.filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
  if (owner.metadata.deletionTimestamp) return { adopt: [], release: [], own: owned };
  const isFree = (object: T) => !controllerOf(object) && !object.metadata.deletionTimestamp;
  const adopt = objects.filter((object) => isFree(object) && matches(object) && mayAdopt(object));
  const release = owned.filter((object) => !matches(object) && !object.metadata.deletionTimestamp);
  return { adopt, release, own: [...owned.filter(matches), ...adopt] };
}

export interface ClaimWriterOptions<O extends KubeObject, T extends KubeObject> {
  client: Client;
  ownerKind: KindDefinition<O>;
  kind: KindDefinition<T>;
  written: WrittenObjects<T>;
  /** Put on what is adopted, and taken off what is let go. */
  finalizer?: string | undefined;
}

/** Does what {@link claimsOf} decided. */
export class ClaimWriter<O extends KubeObject, T extends KubeObject> {
  readonly #options: ClaimWriterOptions<O, T>;

  constructor(options: ClaimWriterOptions<O, T>) {
    this.#options = options;
  }

  /** Rejects when the owner is going, or when somebody else claims an object at the same time: look again then. */
  async write(owner: O, { adopt, release }: Pick<Claims<T>, 'adopt' | 'release'>): Promise<void> {
    if (adopt.length > 0) await this.#checkStillThere(owner);
    for (const object of adopt) {
      const owners = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
      await this.#setOwners(object, owners, this.#finalizers(object, true));
    }
    for (const object of release) {
      const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
      await this.#setOwners(object, others, this.#finalizers(object, false));
    }
  }

  /** The cache may be behind: an owner that is going must not take objects with it. */
  async #checkStillThere(owner: O): Promise<void> {
    const { client, ownerKind } = this.#options;
    const fresh = await client.get(ownerKind, keyOf(owner));
    if (fresh.metadata.uid !== owner.metadata.uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`${ownerKind.singular} ${keyOf(owner)} is being deleted or was replaced`);
    }
  }

  #finalizers({ metadata }: T, isOwned: boolean): { finalizers?: string[] } {
    const { finalizer } = this.#options;
    if (!finalizer) return {};
    const others = (metadata.finalizers ?? []).filter((name) => name !== finalizer);
    return { finalizers: isOwned ? [...others, finalizer] : others };
  }

  /** The revision guards against another controller that claims the object at the same time. */
  async #setOwners(object: T, ownerReferences: meta.OwnerReference[], more: object): Promise<void> {
    const { client, kind, written } = this.#options;
    const { uid, resourceVersion } = object.metadata;
    const body = { metadata: { uid, resourceVersion, ownerReferences, ...more } };
    try {
      written.wrote(await client.patch(kind, keyOf(object), { type: 'merge', body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
