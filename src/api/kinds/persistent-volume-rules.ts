// What a PersistentVolume may say, and that its source stays what it is.
// Source: pkg/apis/core/validation ValidatePersistentVolume
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, immutable, invalidValue, notSupported, required } from '../field-error.ts';
import type { core, PersistentVolume } from '../objects.ts';
import { validateLocalPath } from '../pod-spec/validate-volumes.ts';
import type { FieldError } from '../status-error.ts';
import {
  validateAccessModes,
  validateClassName,
  validateStorageSize,
  validateVolumeMode,
} from './storage-rules.ts';

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];
/** All of a spec's fields that are no source. */
const OTHER_FIELDS = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
];

function sourceOf(spec: core.PersistentVolumeSpec): Record<string, unknown> {
  const fields = Object.entries(spec);
  return Object.fromEntries(fields.filter(([name, v]) => v !== undefined && !OTHER_FIELDS.includes(name)));
}

function validateCapacity(capacity: Readonly<Record<string, string>> = {}): FieldError[] {
  const names = Object.keys(capacity);
  if (names.length === 0) return [required('spec.capacity')];
  const errors =
    names.length > 1 || names[0] !== 'storage' ? [notSupported('spec.capacity', capacity, ['storage'])] : [];
  return [
    ...errors,
    ...names.flatMap((name) => validateStorageSize(capacity[name] ?? '', `spec.capacity[${name}]`)),
  ];
}

function validateHostPath(spec: core.PersistentVolumeSpec): FieldError[] {
  const { hostPath, persistentVolumeReclaimPolicy: policy } = spec;
  if (!hostPath) return [];
  if (!hostPath.path) return [required('spec.hostPath.path')];
  const errors: FieldError[] = [];
  if (hostPath.path.split('/').includes('..')) {
    errors.push(invalidValue('spec.hostPath.path', hostPath.path, "must not contain '..'"));
  }
  if (policy === 'Recycle' && hostPath.path.replace(/\/+$/, '') === '') {
    const why = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbiddenField('spec.persistentVolumeReclaimPolicy', why));
  }
  return errors;
}

function validateNfs(nfs: core.NFSVolumeSource | undefined): FieldError[] {
  if (!nfs) return [];
  const errors = nfs.server ? [] : [required('spec.nfs.server')];
  if (!nfs.path) return [...errors, required('spec.nfs.path')];
  if (!nfs.path.startsWith('/')) {
    errors.push(invalidValue('spec.nfs.path', nfs.path, 'must be an absolute path'));
  }
  return errors;
}

/** A disk of one board: pods that use it have to run there. */
function validateLocal({ local, nodeAffinity }: core.PersistentVolumeSpec): FieldError[] {
  if (!local) return [];
  const errors: FieldError[] = [];
  if (!local.path) errors.push(required('spec.local.path'));
  else if (!local.path.startsWith('/')) errors.push(...validateLocalPath(local.path, 'spec.local.path'));
  if (!nodeAffinity) errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  return errors;
}

function validateSource(spec: core.PersistentVolumeSpec): FieldError[] {
  const sources = Object.keys(sourceOf(spec));
  if (sources.length === 0) return [required('spec', 'must specify a volume type')];
  const more = sources
    .slice(1)
    .map((name) => forbiddenField(`spec.${name}`, 'may not specify more than 1 volume type'));
  return [...validateHostPath(spec), ...validateNfs(spec.nfs), ...validateLocal(spec), ...more];
}

function validateNodeAffinity({ nodeAffinity }: core.PersistentVolumeSpec): FieldError[] {
  if (!nodeAffinity) return [];
  const field = 'spec.nodeAffinity.required';
  if (!nodeAffinity.required) return [required(field, 'must specify required node constraints')];
  return nodeAffinity.required.nodeSelectorTerms?.length
    ? []
    : [required(`${field}.nodeSelectorTerms`, 'must have at least one node selector term')];
}

export function validatePersistentVolume({ spec }: PersistentVolume): FieldError[] {
  const { persistentVolumeReclaimPolicy: policy = '' } = spec;
  return [
    ...validateAccessModes(spec.accessModes, 'spec.accessModes'),
    ...validateCapacity(spec.capacity),
    ...(RECLAIM_POLICIES.includes(policy)
      ? []
      : [notSupported('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES)]),
    ...validateNodeAffinity(spec),
    ...validateSource(spec),
    ...validateClassName(spec.storageClassName, 'spec.storageClassName'),
    ...validateVolumeMode(spec.volumeMode, 'spec.volumeMode'),
  ];
}

export function validatePersistentVolumeUpdate(
  next: PersistentVolume,
  previous: PersistentVolume,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(sourceOf(next.spec), sourceOf(previous.spec))) {
    const why = 'spec.persistentvolumesource is immutable after creation';
    errors.push(forbiddenField('spec.persistentvolumesource', why));
  }
  if (next.spec.volumeMode !== previous.spec.volumeMode) {
    errors.push(immutable('spec.volumeMode', next.spec.volumeMode));
  }
  const { nodeAffinity } = previous.spec;
  if (nodeAffinity && !isDeepStrictEqual(next.spec.nodeAffinity, nodeAffinity)) {
    errors.push(immutable('spec.nodeAffinity', next.spec.nodeAffinity));
  }
  return errors;
}
