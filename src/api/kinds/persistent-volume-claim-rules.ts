// What a claim may say, and that after creation it may only be bound once and grow.
// Source: pkg/apis/core/validation ValidatePersistentVolumeClaim
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, immutable, required } from '../field-error.ts';
import type { core, PersistentVolumeClaim } from '../objects.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import { compareQuantities, tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';
import {
  validateAccessModes,
  validateClassName,
  validateStorageSize,
  validateVolumeMode,
} from './storage-rules.ts';

const UPDATE_RULE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export const validateClaim = ({ spec }: PersistentVolumeClaim): FieldError[] =>
  validateClaimSpec(spec, 'spec');

/** Also of a template. */
export function validateClaimSpec(spec: core.PersistentVolumeClaimSpec, at: string): FieldError[] {
  const size = spec.resources?.requests?.storage;
  const field = `${at}.resources[storage]`;
  return [
    ...validateAccessModes(spec.accessModes, `${at}.accessModes`, 'at least 1 access mode is required'),
    ...validateLabelSelector(spec.selector, `${at}.selector`),
    ...(size === undefined ? [required(field)] : validateStorageSize(size, field)),
    ...validateClassName(spec.storageClassName, `${at}.storageClassName`),
    ...validateVolumeMode(spec.volumeMode, `${at}.volumeMode`),
  ];
}

/** `next` with everything that may change put back to what it was. */
function withoutPermittedChanges(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): object {
  const before = previous.spec;
  const spec: Record<string, unknown> = { ...next.spec };
  if (!before.volumeName) delete spec.volumeName;
  // A default class may be filled in afterwards, as long as there is no volume.
  if (before.storageClassName === undefined) delete spec.storageClassName;
  if (previous.status?.phase === 'Bound') {
    spec.resources = { ...next.spec.resources, requests: before.resources?.requests };
    spec.volumeAttributesClassName = before.volumeAttributesClassName;
  }
  return defined(spec);
}

const defined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** A file system that holds something cannot be made smaller than it is. */
function validateSize(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const size = (claim: PersistentVolumeClaim) =>
    tryParseQuantity(claim.spec.resources?.requests?.storage ?? '');
  const [after, before] = [size(next), size(previous)];
  const held = tryParseQuantity(previous.status?.capacity?.storage ?? '');
  if (!after || !before || compareQuantities(after, before) >= 0) return [];
  if (held && compareQuantities(after, held) >= 0) return [];
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}

export function validateClaimUpdate(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!isDeepStrictEqual(withoutPermittedChanges(next, previous), defined(previous.spec))) {
    errors.push(forbiddenField('spec', UPDATE_RULE));
  }
  errors.push(...validateSize(next, previous));
  if (next.spec.volumeMode !== previous.spec.volumeMode) {
    errors.push(immutable('spec.volumeMode', next.spec.volumeMode));
  }
  return errors;
}
