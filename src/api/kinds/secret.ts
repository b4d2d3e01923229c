// Secret: names, columns, defaults and rules. No message ever carries a value.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable, invalidEach, invalidValue, required, tooLong } from '../field-error.ts';
import { configKeyProblems } from '../names.ts';
import type { Secret } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { MAX_DATA_BYTES, validateImmutable } from './immutable-data.ts';

const decoded = (value: string) => Buffer.from(value, 'base64').toString();

/** stringData is for writing only: it ends up in data and is never stored. */
function setDefaults(secret: Secret): void {
  secret.type ||= 'Opaque';
  if (!secret.stringData) return;
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  delete secret.stringData;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function requireJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const value = data[key];
  if (value === undefined) return [required(`data[${key}]`)];
  return isJson(decoded(value))
    ? []
    : [invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON')];
}

const requireKey = (data: Readonly<Record<string, string>>, key: string) =>
  data[key] === undefined ? [required(`data[${key}]`)] : [];

/** What the types that Kubernetes knows must hold. */
function validateType(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      return secret.metadata.annotations?.['kubernetes.io/service-account.name']
        ? []
        : [required('metadata.annotations[kubernetes.io/service-account.name]')];
    case 'kubernetes.io/dockercfg':
      return requireJson(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return requireJson(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      return data.username === undefined && data.password === undefined
        ? [required('data[username]'), required('data[password]')]
        : [];
    case 'kubernetes.io/ssh-auth':
      return requireKey(data, 'ssh-privatekey');
    case 'kubernetes.io/tls':
      return [...requireKey(data, 'tls.crt'), ...requireKey(data, 'tls.key')];
    default:
      return [];
  }
}

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    errors.push(...invalidEach(`data[${key}]`, key, configKeyProblems(key)));
    sizeBytes += Buffer.byteLength(value, 'base64');
  }
  if (sizeBytes > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES));
  return [...errors, ...validateType(secret)];
}

export const secrets: KindDefinition<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Type', 'What the secret is for.', (secret) => secret.type ?? 'Opaque'),
    column('Data', 'Number of entries.', (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
  hasStatus: false,
  selectableFields: { type: (secret) => secret.type ?? '' },
  setDefaults,
  validate,
  validateUpdate(next, previous) {
    const type = next.type === previous.type ? [] : [immutable('type', next.type)];
    return [...type, ...validateImmutable(next, previous, ['data'])];
  },
};
