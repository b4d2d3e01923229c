// The writes that bind a claim and a volume, in upstream's order: the volume names the claim first, so that a
// binding which breaks off half way is taken up again and no volume is given twice.
import { isDeepStrictEqual } from 'node:util';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import {
  type core,
  type KubeObject,
  keyOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER } from '../../api/storage-marks.ts';
import type { Client } from '../../client/client.ts';
import type { WrittenObjects } from '../../client/written-objects.ts';

/** A claim by its uid: a namesake that comes later does not inherit the data. */
export function claimReference({ metadata }: PersistentVolumeClaim): core.ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    resourceVersion,
  };
}

export interface StorageWriterOptions {
  client: Client;
  volumes: WrittenObjects<PersistentVolume>;
  claims: WrittenObjects<PersistentVolumeClaim>;
}

/** Every write carries the revision that it was decided on, and is left out where it would change nothing. */
export class StorageWriter {
  readonly #options: StorageWriterOptions;

  constructor(options: StorageWriterOptions) {
    this.#options = options;
  }

  /** Idempotent: a pair that is bound already costs no write. */
  async bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const named = await this.#nameClaim(volume, claim);
    await this.volumeStatus(named, { phase: 'Bound' });
    const bound = await this.#nameVolume(claim, named);
    const { capacity, accessModes } = named.spec;
    await this.claimStatus(bound, {
      phase: 'Bound',
      ...(accessModes ? { accessModes } : {}),
      ...(capacity ? { capacity } : {}),
    });
  }

  /** A phase that ends takes its reason and message with it. */
  volumeStatus(volume: PersistentVolume, status: core.PersistentVolumeStatus): Promise<PersistentVolume> {
    const { phase, reason = null, message = null } = status;
    const before = volume.status ?? {};
    const isSame =
      before.phase === phase && (before.reason ?? null) === reason && (before.message ?? null) === message;
    if (isSame) return Promise.resolve(volume);
    return this.patchVolume(volume, { status: { phase, reason, message } }, 'status');
  }

  claimStatus(
    claim: PersistentVolumeClaim,
    status: core.PersistentVolumeClaimStatus,
  ): Promise<PersistentVolumeClaim> {
    const next = { ...claim.status, ...status };
    if (isDeepStrictEqual(next, claim.status)) return Promise.resolve(claim);
    return this.patchClaim(claim, { status }, 'status');
  }

  async patchVolume(volume: PersistentVolume, body: object, part?: 'status'): Promise<PersistentVolume> {
    const written = await this.#patch(persistentVolumes, volume, body, part);
    this.#options.volumes.wrote(written);
    return written;
  }

  async patchClaim(
    claim: PersistentVolumeClaim,
    body: object,
    part?: 'status',
  ): Promise<PersistentVolumeClaim> {
    const written = await this.#patch(persistentVolumeClaims, claim, body, part);
    this.#options.claims.wrote(written);
    return written;
  }

  #patch<T extends KubeObject>(
    kind: KindDefinition<T>,
    object: T,
    body: object,
    part?: 'status',
  ): Promise<T> {
    const { uid, resourceVersion } = object.metadata;
    const { metadata, ...rest } = body as { metadata?: object };
    const guarded = { ...rest, metadata: { ...metadata, uid, resourceVersion } };
    return this.#options.client.patch(kind, keyOf(object), { type: 'merge', body: guarded }, part);
  }

  async #nameClaim(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    const { claimRef } = volume.spec;
    if (claimRef?.uid === claim.metadata.uid) return volume;
    const annotations = claimRef ? {} : { [BOUND_BY_CONTROLLER]: 'yes' };
    return this.patchVolume(volume, { metadata: { annotations }, spec: { claimRef: claimReference(claim) } });
  }

  async #nameVolume(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<PersistentVolumeClaim> {
    const { annotations = {} } = claim.metadata;
    const isNamed = claim.spec.volumeName === volume.metadata.name;
    if (isNamed && annotations[BIND_COMPLETED]) return claim;
    const marks = { [BIND_COMPLETED]: 'yes', ...(isNamed ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }) };
    const spec = { volumeName: volume.metadata.name };
    return this.patchClaim(claim, { metadata: { annotations: marks }, spec });
  }
}
