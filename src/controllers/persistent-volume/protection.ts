// Keeps a claim that a pod uses, and a volume that a claim has, from being removed: the finalizer goes when nobody
// holds them any more. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection

import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { pods } from '../../api/kinds/pod.ts';
import {
  type KubeObject,
  keyOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { isNotFound } from '../../api/status-error.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from '../../api/storage-marks.ts';
import { type Component, sequence } from '../../base/component.ts';
import { Controller, onAnyChange } from '../controller.ts';
import type { ControllerOptions } from '../controller-options.ts';

/** Both protections. */
export function storageProtection(options: ControllerOptions): Component {
  return sequence([claimProtection(options), volumeProtection(options)]);
}

function claimProtection(options: ControllerOptions): Component {
  const claims = options.informers.for(persistentVolumeClaims);
  const users = options.informers.for(pods);
  const isUsed = async (claim: PersistentVolumeClaim) => {
    // Not from the cache: a pod that it has not heard of yet would lose its data.
    const { items } = await options.client.list(pods, { namespace: claim.metadata.namespace ?? '' });
    return items.some((pod) => pod.spec.nodeName && claimKeysOf(pod).includes(keyOf(claim)));
  };
  const reconcile = async (key: string) => {
    const claim = claims.lister.get(key);
    if (claim) await protect(options, persistentVolumeClaims, claim, CLAIM_PROTECTION, () => isUsed(claim));
  };
  const controller = new Controller('pvc-protection', reconcile, options);
  controller.follows(
    claims,
    onAnyChange((claim) => controller.enqueue(keyOf(claim))),
  );
  controller.follows(users, {
    onDelete: (pod: Pod) => {
      for (const key of claimKeysOf(pod)) controller.enqueue(key);
    },
  });
  return controller;
}

function volumeProtection(options: ControllerOptions): Component {
  const volumes = options.informers.for(persistentVolumes);
  const isUsed = async ({ status }: PersistentVolume) => status?.phase === 'Bound';
  const reconcile = async (key: string) => {
    const volume = volumes.lister.get(key);
    if (volume) await protect(options, persistentVolumes, volume, VOLUME_PROTECTION, () => isUsed(volume));
  };
  const controller = new Controller('pv-protection', reconcile, options);
  controller.follows(
    volumes,
    onAnyChange((volume) => controller.enqueue(keyOf(volume))),
  );
  return controller;
}

/** The mark is set by admission at creation; here also on what is older than that. */
async function protect<T extends KubeObject>(
  { client }: ControllerOptions,
  kind: KindDefinition<T>,
  object: T,
  mark: string,
  isUsed: () => Promise<boolean>,
): Promise<void> {
  const { finalizers = [], deletionTimestamp, uid, resourceVersion } = object.metadata;
  const isMarked = finalizers.includes(mark);
  if (isMarked !== (deletionTimestamp !== undefined)) return;
  if (isMarked && (await isUsed())) return;
  const next = isMarked ? finalizers.filter((name) => name !== mark) : [...finalizers, mark];
  const body = { metadata: { uid, resourceVersion, finalizers: next } };
  try {
    await client.patch(kind, keyOf(object), { type: 'merge', body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
