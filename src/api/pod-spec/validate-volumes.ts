// Volumes: names and exactly one well-formed source each.
// Source: pkg/apis/core/validation ValidateVolumes
import {
  duplicate,
  forbiddenField,
  invalidEach,
  invalidValue,
  notSupported,
  required,
} from '../field-error.ts';
import { validateClaimSpec } from '../kinds/persistent-volume-claim-rules.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import { labelNameProblems } from '../names.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { fileMode } from './numbers.ts';
import { validateFieldRef, validateResourceFieldRef } from './validate-env.ts';
import { validateQuantity } from './validate-resources.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** A path below a volume: relative, and not climbing out. */
export function validateLocalPath(path: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (path.startsWith('/')) errors.push(invalidValue(field, path, 'must be a relative path'));
  if (path.split('/').includes('..')) errors.push(invalidValue(field, path, "must not contain '..'"));
  return errors;
}

function validateFilePath(path: string | undefined, field: string): FieldError[] {
  if (!path) return [required(field)];
  const errors = validateLocalPath(path, field);
  if (path.startsWith('..') && errors.length === 0) {
    errors.push(invalidValue(field, path, "must not start with '..'"));
  }
  return errors;
}

function validateItems(items: readonly core.KeyToPath[] | undefined, field: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => [
    ...(item.key ? [] : [required(`${field}[${i}].key`)]),
    ...validateFilePath(item.path, `${field}[${i}].path`),
    ...fileMode(item.mode, `${field}[${i}].mode`),
  ]);
}

function validateDownward(
  items: readonly core.DownwardAPIVolumeFile[] | undefined,
  field: string,
): FieldError[] {
  return (items ?? []).flatMap((item, i) => {
    const at = `${field}[${i}]`;
    const errors = [...validateFilePath(item.path, `${at}.path`), ...fileMode(item.mode, `${at}.mode`)];
    if (item.fieldRef) errors.push(...validateFieldRef(item.fieldRef, `${at}.fieldRef`, 'volume'));
    if (item.resourceFieldRef) {
      errors.push(...validateResourceFieldRef(item.resourceFieldRef, `${at}.resourceFieldRef`, 'volume'));
    }
    if (item.fieldRef && item.resourceFieldRef) {
      errors.push(
        invalidValue(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
    }
    if (!item.fieldRef && !item.resourceFieldRef) {
      errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    }
    return errors;
  });
}

function validateHostPath(source: core.HostPathVolumeSource, field: string): FieldError[] {
  if (!source.path) return [required(`${field}.path`)];
  const errors: FieldError[] = [];
  if (source.path.split('/').includes('..')) {
    errors.push(invalidValue(`${field}.path`, source.path, "must not contain '..'"));
  }
  if (!HOST_PATH_TYPES.includes(source.type ?? '')) {
    errors.push(notSupported(`${field}.type`, source.type, HOST_PATH_TYPES));
  }
  return errors;
}

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

function validateToken(
  { path, expirationSeconds = MIN_TOKEN_SECONDS }: core.ServiceAccountTokenProjection,
  field: string,
): FieldError[] {
  const errors = validateFilePath(path, `${field}.path`);
  const at = `${field}.expirationSeconds`;
  if (expirationSeconds < MIN_TOKEN_SECONDS) {
    errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  }
  if (expirationSeconds > MAX_TOKEN_SECONDS) {
    errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  return errors;
}

function validateProjection(source: core.VolumeProjection, field: string): FieldError[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  const errors: FieldError[] = [];
  if (Object.keys(source).length > 1) {
    errors.push(forbiddenField(field, 'may not specify more than 1 volume type per source'));
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${field}.configMap.name`));
    errors.push(...validateItems(configMap.items, `${field}.configMap.items`));
  }
  if (secret) {
    if (!secret.name) errors.push(required(`${field}.secret.name`));
    errors.push(...validateItems(secret.items, `${field}.secret.items`));
  }
  if (downwardAPI) errors.push(...validateDownward(downwardAPI.items, `${field}.downwardAPI.items`));
  if (serviceAccountToken) {
    errors.push(...validateToken(serviceAccountToken, `${field}.serviceAccountToken`));
  }
  return errors;
}

/** One check per source; a source that is not here is accepted as the schema leaves it. */
const SOURCES: {
  [S in keyof core.Volume]?: (source: NonNullable<core.Volume[S]>, field: string) => FieldError[];
} = {
  emptyDir: (source, field) =>
    source.sizeLimit === undefined ? [] : validateQuantity(source.sizeLimit, `${field}.sizeLimit`),
  hostPath: validateHostPath,
  secret: (source, field) => [
    ...(source.secretName ? [] : [required(`${field}.secretName`)]),
    ...fileMode(source.defaultMode, `${field}.defaultMode`),
    ...validateItems(source.items, `${field}.items`),
  ],
  configMap: (source, field) => [
    ...(source.name ? [] : [required(`${field}.name`)]),
    ...fileMode(source.defaultMode, `${field}.defaultMode`),
    ...validateItems(source.items, `${field}.items`),
  ],
  downwardAPI: (source, field) => [
    ...fileMode(source.defaultMode, `${field}.defaultMode`),
    ...validateDownward(source.items, `${field}.items`),
  ],
  projected: (source, field) => [
    ...fileMode(source.defaultMode, `${field}.defaultMode`),
    ...(source.sources ?? []).flatMap((s, i) => validateProjection(s, `${field}.sources[${i}]`)),
  ],
  ephemeral: validateEphemeral,
  persistentVolumeClaim: (source, field) => (source.claimName ? [] : [required(`${field}.claimName`)]),
  nfs: (source, field) => [
    ...(source.server ? [] : [required(`${field}.server`)]),
    ...(source.path ? [] : [required(`${field}.path`)]),
    ...(source.path && !source.path.startsWith('/')
      ? [invalidValue(`${field}.path`, source.path, 'must be an absolute path')]
      : []),
  ],
};

/** Name and owner are not the template's to say. */
function validateEphemeral({ volumeClaimTemplate }: core.EphemeralVolumeSource, field: string): FieldError[] {
  const at = `${field}.volumeClaimTemplate`;
  if (!volumeClaimTemplate) return [required(at)];
  const { metadata = {}, spec } = volumeClaimTemplate;
  const others = Object.keys(metadata).filter(
    (name) => !['labels', 'annotations', 'creationTimestamp'].includes(name),
  );
  const why = 'cannot be set';
  return [
    ...validateLabels(metadata.labels, `${at}.metadata.labels`),
    ...validateAnnotations(metadata.annotations, `${at}.metadata.annotations`),
    ...others.map((name) => forbiddenField(`${at}.metadata.${name}`, why)),
    ...(spec ? validateClaimSpec(spec, `${at}.spec`) : [required(`${at}.spec`)]),
  ];
}

function validateSource(volume: core.Volume, field: string): FieldError[] {
  const given = Object.keys(volume).filter((name) => name !== 'name') as (keyof core.Volume)[];
  if (given.length === 0) return [required(field, 'must specify a volume type')];
  const errors = given
    .slice(1)
    .map((name) => forbiddenField(`${field}.${name}`, 'may not specify more than 1 volume type'));
  const first = given[0] as keyof core.Volume;
  const check = SOURCES[first] as ((source: unknown, field: string) => FieldError[]) | undefined;
  return check ? [...check(volume[first], `${field}.${first}`), ...errors] : errors;
}

export function validateVolumes(volumes: readonly core.Volume[] | undefined, field: string): FieldError[] {
  const names = new Set<string>();
  return (volumes ?? []).flatMap((volume, i) => {
    const at = `${field}[${i}]`;
    const errors = validateSource(volume, at);
    if (!volume.name) errors.push(required(`${at}.name`));
    else errors.push(...invalidEach(`${at}.name`, volume.name, labelNameProblems(volume.name)));
    if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    return errors;
  });
}
