// PersistentVolume: names, columns and defaults. Its rules stand in persistent-volume-rules.ts.
// Source: pkg/apis/core/v1/defaults.go, pkg/printers/internalversion/printers.go printPersistentVolume
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import type { core, PersistentVolume } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { validatePersistentVolume, validatePersistentVolumeUpdate } from './persistent-volume-rules.ts';
import { accessModesText, storageClassOf } from './storage-rules.ts';

const columns: readonly Column<PersistentVolume>[] = [
  nameColumn,
  column('Capacity', 'How much it holds.', ({ spec }) => spec.capacity?.storage ?? '0'),
  column('Access Modes', 'How it may be mounted.', ({ spec }) => accessModesText(spec.accessModes)),
  column('Reclaim Policy', 'What becomes of it when its claim goes.', ({ spec }) => {
    return spec.persistentVolumeReclaimPolicy ?? '';
  }),
  column('Status', 'Whether it is free, bound or released.', ({ metadata, status }) => {
    return metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '');
  }),
  column('Claim', 'Who holds it.', ({ spec: { claimRef } }) => {
    return claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '';
  }),
  column('StorageClass', 'StorageClass of the pv', ({ metadata, spec }) => {
    return storageClassOf(metadata.annotations, spec.storageClassName);
  }),
  column('VolumeAttributesClass', 'VolumeAttributesClass of the pv', ({ spec }) => {
    return spec.volumeAttributesClassName ?? '<unset>';
  }),
  column('Reason', 'Why it is in this state.', ({ status }) => status?.reason ?? ''),
  ageColumn,
  wideColumn('VolumeMode', 'Block device or file system.', ({ spec }) => spec.volumeMode ?? '<unset>'),
];

function setDefaults(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
  volume.spec.volumeMode ||= 'Filesystem';
  if (volume.spec.hostPath) volume.spec.hostPath.type ??= '';
  setPhase(volume);
}

/** Pending until a controller has looked at it. */
function setPhase(volume: { status?: core.PersistentVolumeStatus }): void {
  volume.status = { ...volume.status, phase: volume.status?.phase || 'Pending' };
}

export const persistentVolumes: KindDefinition<PersistentVolume> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  categories: [],
  namespaced: false,
  columns,
  hasStatus: true,
  selectableFields: { name: (volume) => volume.metadata.name },
  setDefaults,
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
};
