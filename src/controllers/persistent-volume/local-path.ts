// The volume that a claim of class local-path gets: a directory of the board on which its first pod runs, below the
// agent's data directory, whose name is the volume's handle. Pure.
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/objects.ts';
import { LOCAL_PATH_PROVISIONER, PROVISIONED_BY } from '../../api/storage-marks.ts';
import type { NewObject } from '../../client/client.ts';
import { claimReference } from './binding.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const MODES: ReadonlySet<string> = new Set(['ReadWriteOnce', 'ReadWriteOncePod']);

/** Why no directory will do, for the claim's event. */
export function localPathProblem(claim: PersistentVolumeClaim, node: Node | undefined): string | undefined {
  if (claim.spec.volumeMode === 'Block')
    return 'a directory cannot be a block device: volumeMode must be Filesystem';
  if (claim.spec.accessModes?.some((mode) => !MODES.has(mode))) {
    return 'local-path only supports ReadWriteOnce and ReadWriteOncePod access modes';
  }
  if (claim.spec.dataSource || claim.spec.dataSourceRef)
    return 'a directory cannot be made from a data source';
  if (claim.spec.selector) return 'claim.Spec.Selector is not supported for dynamic provisioning';
  return node
    ? undefined
    : 'no node was specified: the class must have volumeBindingMode WaitForFirstConsumer';
}

export const localPathName = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid}`;

export function localPathVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: Node,
): NewObject<PersistentVolume> {
  const name = localPathName(claim);
  const hostname = node.metadata.labels?.[HOSTNAME] ?? node.metadata.name;
  const matchExpressions = [{ key: HOSTNAME, operator: 'In', values: [hostname] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PATH_PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      volumeMode: 'Filesystem',
      storageClassName: storageClass.metadata.name,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      ...(storageClass.mountOptions ? { mountOptions: storageClass.mountOptions } : {}),
      claimRef: claimReference(claim),
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
      csi: {
        driver: LOCAL_PATH_PROVISIONER,
        volumeHandle: name,
        volumeAttributes: { node: node.metadata.name },
      },
    },
  };
}
