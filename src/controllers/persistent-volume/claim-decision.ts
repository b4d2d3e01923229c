// What is next for a claim: bind it, wait, have a volume made, or say that its data is lost. Pure; upstream's
// syncClaim with its words. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/objects.ts';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  LOCAL_PATH_PROVISIONER,
  SELECTED_NODE,
} from '../../api/storage-marks.ts';
import { classOfClaim, findVolume, isReservedFor, mismatchOf } from './matching.ts';

export interface Said {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export type ClaimAction =
  | { do: 'bind'; volume: PersistentVolume }
  /** Pending; what is said is why. */
  | { do: 'wait'; said: Said }
  | { do: 'lose'; said: Said }
  /** By this cluster's own provisioner. */
  | { do: 'provision'; storageClass: StorageClass; node: Node | undefined }
  | { do: 'askProvisioner'; provisioner: string }
  /** A default class that came after the claim. */
  | { do: 'setClass'; name: string };

export interface StorageWorld {
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** The class of claims that name none. */
  defaultClass(): string | undefined;
  node(name: string): Node | undefined;
  /** `namespace/name` of a pod that uses the claim and has no board yet. */
  waitingPod(claim: PersistentVolumeClaim): string | undefined;
}

const normal = (reason: string, message: string): Said => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Said => ({ type: 'Warning', reason, message });
const wait = (said: Said): ClaimAction => ({ do: 'wait', said });

export function decideClaim(claim: PersistentVolumeClaim, world: StorageWorld): ClaimAction {
  if (claim.metadata.annotations?.[BIND_COMPLETED]) return decideBound(claim, world);
  if (claim.spec.volumeName) return decideNamed(claim, claim.spec.volumeName, world);
  return decideUnbound(claim, world);
}

function decideBound(claim: PersistentVolumeClaim, world: StorageWorld): ClaimAction {
  const { volumeName } = claim.spec;
  const lost = (what: string): ClaimAction => ({
    do: 'lose',
    said: warning('ClaimLost', `Bound claim has lost ${what}. Data on the volume is lost!`),
  });
  if (!volumeName) return lost('reference to PersistentVolume');
  const volume = world.volume(volumeName);
  if (!volume) return lost('its PersistentVolume');
  if (!volume.spec.claimRef || isReservedFor(volume, claim)) return { do: 'bind', volume };
  const why = 'Two claims are bound to the same volume, this one is bound incorrectly';
  return { do: 'lose', said: warning('ClaimMisbound', why) };
}

/** The claim asks for a volume by its name. */
function decideNamed(claim: PersistentVolumeClaim, name: string, world: StorageWorld): ClaimAction {
  const volume = world.volume(name);
  if (!volume) return wait(warning('FailedBinding', `volume "${name}" not found`));
  if (volume.spec.claimRef && !isReservedFor(volume, claim)) {
    return wait(warning('FailedBinding', `volume "${name}" already bound to a different claim.`));
  }
  const mismatch = mismatchOf(claim, volume);
  if (!mismatch) return { do: 'bind', volume };
  return wait(warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${mismatch}`));
}

function decideUnbound(claim: PersistentVolumeClaim, world: StorageWorld): ClaimAction {
  const className = classOfClaim(claim);
  const storageClass = world.storageClass(className);
  const nodeName = claim.metadata.annotations?.[SELECTED_NODE];
  const isDelayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !nodeName;
  const node = nodeName ? world.node(nodeName) : undefined;
  const volume = findVolume({ claim, isDelayed, node }, world.volumes());
  if (volume) return { do: 'bind', volume };
  if (isDelayed) return wait(delayOf(claim, world));
  if (className) return decideProvision(className, storageClass, node);
  const fallback = claim.spec.storageClassName === undefined ? world.defaultClass() : undefined;
  if (fallback) return { do: 'setClass', name: fallback };
  const why = 'no persistent volumes available for this claim and no storage class is set';
  return wait(normal('FailedBinding', why));
}

function delayOf(claim: PersistentVolumeClaim, world: StorageWorld): Said {
  const pod = world.waitingPod(claim);
  if (pod) return normal('WaitForPodScheduled', `waiting for pod ${pod} to be scheduled`);
  const why = 'waiting for first consumer to be created before binding';
  return normal('WaitForFirstConsumer', why);
}

function decideProvision(
  className: string,
  storageClass: StorageClass | undefined,
  node: Node | undefined,
): ClaimAction {
  const failed = (message: string) => wait(warning('ProvisioningFailed', message));
  if (!storageClass) return failed(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  if (provisioner === LOCAL_PATH_PROVISIONER) return { do: 'provision', storageClass, node };
  // Upstream's own names stand for plugins of its controller manager, of which there are none here.
  if (provisioner.startsWith('kubernetes.io/')) {
    return failed(`no volume plugin matched name: ${provisioner}`);
  }
  return { do: 'askProvisioner', provisioner };
}

export const isChosenByBinder = (metadata: { annotations?: Readonly<Record<string, string>> }): boolean =>
  metadata.annotations?.[BOUND_BY_CONTROLLER] !== undefined;
