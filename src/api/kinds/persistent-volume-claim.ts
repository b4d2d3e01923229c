// PersistentVolumeClaim: names, columns and defaults. Its rules stand in persistent-volume-claim-rules.ts.
// Source: pkg/apis/core/v1/defaults.go, pkg/printers/internalversion/printers.go printPersistentVolumeClaim
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import type { core, PersistentVolumeClaim } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { validateClaim, validateClaimUpdate } from './persistent-volume-claim-rules.ts';
import { accessModesText, storageClassOf } from './storage-rules.ts';

/** Known only once a volume is bound to it. */
function bound(claim: PersistentVolumeClaim, text: string | undefined): string {
  return claim.spec.volumeName ? (text ?? '') : '';
}

const columns: readonly Column<PersistentVolumeClaim>[] = [
  nameColumn,
  column('Status', 'Whether it has a volume.', ({ metadata, status }) => {
    return metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '');
  }),
  column('Volume', 'The volume that it has.', ({ spec }) => spec.volumeName ?? ''),
  column('Capacity', 'How much it holds.', (claim) => bound(claim, claim.status?.capacity?.storage ?? '0')),
  column('Access Modes', 'How it may be mounted.', (claim) => {
    return bound(claim, accessModesText(claim.status?.accessModes));
  }),
  column('StorageClass', 'StorageClass of the pvc', ({ metadata, spec }) => {
    return storageClassOf(metadata.annotations, spec.storageClassName);
  }),
  column('VolumeAttributesClass', 'VolumeAttributesClass of the pvc', ({ spec }) => {
    return spec.volumeAttributesClassName ?? '<unset>';
  }),
  ageColumn,
  wideColumn('VolumeMode', 'Block device or file system.', ({ spec }) => spec.volumeMode ?? '<unset>'),
];

interface Claim {
  spec?: core.PersistentVolumeClaimSpec;
  status?: core.PersistentVolumeClaimStatus;
}

/** For claims and for the templates of a StatefulSet alike. */
export function setClaimDefaults(claim: Claim): void {
  claim.spec ??= {};
  claim.spec.volumeMode ||= 'Filesystem';
  claim.status = { ...claim.status, phase: claim.status?.phase || 'Pending' };
}

export const persistentVolumeClaims: KindDefinition<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: true,
  selectableFields: { name: (claim) => claim.metadata.name },
  setDefaults: setClaimDefaults,
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
};
