// The garbage collector's writes: each guarded by the revision that its decision was made at, so that an
// adoption or a change that nobody here has heard of makes it fail and look again. What is gone already is well.
import type { KubeObject, meta } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Garbage } from './garbage-decision.ts';
import type { Item } from './ownership-graph.ts';

export class OwnershipWrites {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async remove(item: Item, object: KubeObject, how: Extract<Garbage, { action: 'delete' }>): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    // After unblock() the revision is our own and newer; then only the uid can guard.
    const preconditions = how.unblock ? { uid } : { uid, resourceVersion };
    const options = { preconditions, propagationPolicy: how.policy };
    await ignoringNotFound(this.#client.delete(item.kind, item.key, options));
  }

  dropReferences(item: Item, object: KubeObject, uids: readonly string[]): Promise<void> {
    const kept = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
    return this.#patchMetadata(item, object, { ownerReferences: kept.length > 0 ? kept : null });
  }

  /** The object no longer holds up the deletion of its owners. */
  unblock(item: Item, object: KubeObject): Promise<void> {
    const references = object.metadata.ownerReferences ?? [];
    const ownerReferences = references.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
    return this.#patchMetadata(item, object, { ownerReferences });
  }

  async removeFinalizer(item: Item, object: KubeObject, finalizer: string): Promise<void> {
    const present = object.metadata.finalizers ?? [];
    if (!present.includes(finalizer)) return;
    await this.#patchMetadata(item, object, { finalizers: present.filter((f) => f !== finalizer) });
  }

  async #patchMetadata(item: Item, object: KubeObject, change: MetadataChange): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    const body = { metadata: { uid, resourceVersion, ...change } };
    await ignoringNotFound(this.#client.patch(item.kind, item.key, { type: 'merge', body }));
  }
}

/** Of a merge patch: `null` takes a field away. */
type MetadataChange = { [Field in keyof meta.ObjectMeta]?: meta.ObjectMeta[Field] | null };

async function ignoringNotFound(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
