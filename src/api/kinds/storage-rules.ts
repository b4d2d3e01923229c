// What PersistentVolumes and the claims to them share: access modes, volume modes, class names and their columns.
// Source: pkg/apis/core/validation, pkg/apis/core/helper GetAccessModesAsString
import { forbiddenField, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { subdomainProblems } from '../names.ts';
import { validateQuantity } from '../pod-spec/validate-resources.ts';
import { tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const SUPPORTED_MODES = Object.keys(ACCESS_MODES).sort();
const VOLUME_MODES = ['Block', 'Filesystem'];
/** Where the class stood before it had a field. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** `RWO,ROX`, in upstream's order, each once. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

export function storageClassOf(
  annotations: Readonly<Record<string, string>> | undefined,
  className: string | undefined,
): string {
  return annotations?.[CLASS_ANNOTATION] ?? className ?? '';
}

export function validateAccessModes(
  modes: readonly string[] | undefined,
  field: string,
  detail?: string,
): FieldError[] {
  if (!modes?.length) return [required(field, detail)];
  const errors = modes
    .filter((mode) => !Object.hasOwn(ACCESS_MODES, mode))
    .map((mode) => notSupported(field, mode, SUPPORTED_MODES));
  if (modes.length > 1 && modes.includes('ReadWriteOncePod')) {
    const why = 'may not use ReadWriteOncePod with other access modes';
    errors.push(forbiddenField(field, why));
  }
  return errors;
}

export function validateVolumeMode(mode: string | undefined, field: string): FieldError[] {
  return mode === undefined || VOLUME_MODES.includes(mode) ? [] : [notSupported(field, mode, VOLUME_MODES)];
}

export function validateClassName(name: string | undefined, field: string): FieldError[] {
  return name ? invalidEach(field, name, subdomainProblems(name)) : [];
}

/** A size that must be more than nothing. */
export function validateStorageSize(text: string, field: string): FieldError[] {
  const errors = validateQuantity(text, field);
  if (errors.length > 0) return errors;
  return tryParseQuantity(text)?.nanos === 0n ? [invalidValue(field, text, 'must be greater than zero')] : [];
}
