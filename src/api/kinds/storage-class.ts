// StorageClass: names, columns, defaults and rules.
// https://kubernetes.io/docs/concepts/storage/storage-classes/
import { ageColumn, column, nameColumn } from '../columns.ts';
import { forbiddenField, invalidEach, notSupported, required } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { StorageClass } from '../objects.ts';
import { type Json, jsonEqual } from '../schema/json.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { LOCAL_PATH_CLASS, LOCAL_PATH_PROVISIONER } from '../storage-marks.ts';
import type { Writable } from '../writable.ts';

const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];
const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_BYTES = 256 * 1024;

const DEFAULT_MARKS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

const isDefaultStorageClass = ({ metadata }: StorageClass): boolean =>
  DEFAULT_MARKS.some((key) => metadata.annotations?.[key] === 'true');

/** What claims that name no class get: of several the newest, then the first by name. */
export function defaultStorageClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const age = ({ metadata }: StorageClass) => metadata.creationTimestamp;
  const newestFirst = (a: StorageClass, b: StorageClass) =>
    age(b).localeCompare(age(a)) || a.metadata.name.localeCompare(b.metadata.name);
  return classes.filter(isDefaultStorageClass).sort(newestFirst)[0];
}

/** Directories of the boards themselves: the default class of a new cluster. */
export const localPathClass = {
  metadata: { name: LOCAL_PATH_CLASS, annotations: { [DEFAULT_MARKS[0] as string]: 'true' } },
  provisioner: LOCAL_PATH_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function validateParameters(parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters);
  const sizeBytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  const errors: FieldError[] = [];
  if (entries.length > MAX_PARAMETERS || sizeBytes > MAX_PARAMETERS_BYTES) {
    const message = `Too long: may not be more than ${MAX_PARAMETERS_BYTES} bytes`;
    errors.push({ reason: 'FieldValueTooLong', field: 'parameters', message });
  }
  if (Object.hasOwn(parameters, '')) errors.push(required('parameters', 'field can not be empty.'));
  return errors;
}

function validate(storage: StorageClass): FieldError[] {
  const { provisioner, reclaimPolicy, volumeBindingMode, parameters = {} } = storage;
  const errors = provisioner
    ? invalidEach('provisioner', provisioner, qualifiedNameProblems(provisioner.toLowerCase()))
    : [required('provisioner')];
  errors.push(...validateParameters(parameters));
  if (!RECLAIM.includes(reclaimPolicy ?? ''))
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, RECLAIM));
  if (!BINDING.includes(volumeBindingMode ?? '')) {
    errors.push(notSupported('volumeBindingMode', volumeBindingMode, BINDING));
  }
  return errors;
}

/** As upstream: volumes were made by what the class said, so it may not say something else later. */
function validateUpdate(next: StorageClass, previous: StorageClass): FieldError[] {
  const fixed = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;
  return fixed
    .filter((field) => !jsonEqual(next[field] as Json | undefined, previous[field] as Json | undefined))
    .map((field) => forbiddenField(field, 'updates to this field are forbidden.'));
}

export const storageClasses: KindDefinition<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  categories: [],
  namespaced: false,
  columns: [
    {
      ...nameColumn,
      value: (object) =>
        isDefaultStorageClass(object as StorageClass)
          ? `${object.metadata.name} (default)`
          : object.metadata.name,
    },
    column('Provisioner', 'What makes its volumes.', ({ provisioner }) => provisioner ?? ''),
    column('ReclaimPolicy', 'What becomes of a volume that is released.', (c) => c.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', 'When a claim gets its volume.', (c) => c.volumeBindingMode ?? '<unset>'),
    column(
      'AllowVolumeExpansion',
      'Whether volumes may grow.',
      (c) => c.allowVolumeExpansion ?? false,
      'boolean',
    ),
    ageColumn,
  ],
  hasStatus: false,
  setDefaults(storage: Writable<StorageClass>) {
    storage.reclaimPolicy ??= 'Delete';
    storage.volumeBindingMode ??= 'Immediate';
  },
  validate,
  validateUpdate,
};
