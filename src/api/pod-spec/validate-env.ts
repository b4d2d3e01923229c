// Environment variables: names, and exactly one source of each value.
// Source: pkg/apis/core/validation ValidateEnv, ValidateEnvFrom
import { invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { configKeyProblems, environmentNameProblems, qualifiedNameProblems } from '../names.ts';
import type { core } from '../objects.ts';
import { tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const ENV_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

/** `fieldRef` of an environment variable or of a downward API file. */
export function validateFieldRef(
  ref: core.ObjectFieldSelector,
  field: string,
  place: 'env' | 'volume',
): FieldError[] {
  if (!ref.fieldPath) return [required(`${field}.fieldPath`)];
  const subscript = /^metadata\.(?:labels|annotations)\['(.*)'\]$/.exec(ref.fieldPath);
  if (subscript)
    return invalidEach(`${field}.fieldPath`, ref.fieldPath, qualifiedNameProblems(subscript[1] ?? ''));
  if (ref.apiVersion && ref.apiVersion !== 'v1') {
    return [
      invalidValue(`${field}.fieldPath`, ref.fieldPath, 'error converting fieldPath: apiVersion must be v1'),
    ];
  }
  const supported = place === 'env' ? ENV_FIELDS : VOLUME_FIELDS;
  return supported.includes(ref.fieldPath)
    ? []
    : [notSupported(`${field}.fieldPath`, ref.fieldPath, supported)];
}

/** `resourceFieldRef` of an environment variable or of a downward API file. */
export function validateResourceFieldRef(
  ref: core.ResourceFieldSelector,
  field: string,
  place: 'env' | 'volume',
): FieldError[] {
  const errors: FieldError[] = [];
  if (place === 'volume' && !ref.containerName) errors.push(required(`${field}.containerName`));
  if (!ref.resource) errors.push(required(`${field}.resource`));
  else if (!ENV_RESOURCES.includes(ref.resource) && !/^(limits|requests)\.hugepages-/.test(ref.resource)) {
    errors.push(notSupported(`${field}.resource`, ref.resource, ENV_RESOURCES));
  }
  if (ref.divisor !== undefined && !tryParseQuantity(ref.divisor)) {
    errors.push(invalidValue(`${field}.divisor`, ref.divisor, 'must be a quantity, such as 1m, 1 or 1Mi'));
  }
  return errors;
}

function validateKeyRef(ref: { name?: string; key: string }, field: string): FieldError[] {
  const errors: FieldError[] = ref.name ? [] : [required(`${field}.name`)];
  if (!ref.key) return [...errors, required(`${field}.key`)];
  return [...errors, ...invalidEach(`${field}.key`, ref.key, configKeyProblems(ref.key))];
}

function validateValueFrom(variable: core.EnvVar, source: core.EnvVarSource, field: string): FieldError[] {
  const given = Object.keys(source).length;
  const errors: FieldError[] = [];
  if (given === 0) {
    const choices =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    return [invalidValue(field, '', choices)];
  }
  if (variable.value) errors.push(invalidValue(field, '', 'may not be specified when `value` is not empty'));
  else if (given > 1)
    errors.push(invalidValue(field, '', 'may not have more than one field specified at a time'));
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef) errors.push(...validateFieldRef(fieldRef, `${field}.fieldRef`, 'env'));
  if (resourceFieldRef) {
    errors.push(...validateResourceFieldRef(resourceFieldRef, `${field}.resourceFieldRef`, 'env'));
  }
  if (configMapKeyRef) errors.push(...validateKeyRef(configMapKeyRef, `${field}.configMapKeyRef`));
  if (secretKeyRef) errors.push(...validateKeyRef(secretKeyRef, `${field}.secretKeyRef`));
  return errors;
}

export function validateEnv(variables: readonly core.EnvVar[] | undefined, field: string): FieldError[] {
  return (variables ?? []).flatMap((variable, i) => {
    const at = `${field}[${i}]`;
    const errors = variable.name
      ? invalidEach(`${at}.name`, variable.name, environmentNameProblems(variable.name))
      : [required(`${at}.name`)];
    if (variable.valueFrom)
      errors.push(...validateValueFrom(variable, variable.valueFrom, `${at}.valueFrom`));
    return errors;
  });
}

export function validateEnvFrom(
  sources: readonly core.EnvFromSource[] | undefined,
  field: string,
): FieldError[] {
  return (sources ?? []).flatMap((source, i) => {
    const at = `${field}[${i}]`;
    const errors = source.prefix
      ? invalidEach(`${at}.prefix`, source.prefix, environmentNameProblems(source.prefix))
      : [];
    const { configMapRef, secretRef } = source;
    if (!configMapRef && !secretRef) {
      errors.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    }
    if (configMapRef && secretRef) {
      errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
    }
    if (configMapRef && !configMapRef.name) errors.push(required(`${at}.configMapRef.name`));
    if (secretRef && !secretRef.name) errors.push(required(`${at}.secretRef.name`));
    return errors;
  });
}
