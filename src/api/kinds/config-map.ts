// ConfigMap: names, columns, defaults and rules.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { invalidEach, invalidValue, tooLong } from '../field-error.ts';
import { configKeyProblems } from '../names.ts';
import type { ConfigMap } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { MAX_DATA_BYTES, validateImmutable } from './immutable-data.ts';

function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidEach(`data[${key}]`, key, configKeyProblems(key)));
    if (Object.hasOwn(binaryData, key)) {
      errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    sizeBytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidEach(`binaryData[${key}]`, key, configKeyProblems(key)));
    sizeBytes += Buffer.byteLength(value, 'base64');
  }
  if (sizeBytes > MAX_DATA_BYTES) errors.push(tooLong('', MAX_DATA_BYTES));
  return errors;
}

export const configMaps: KindDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Data', 'Number of entries.', (map) => {
      return Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length;
    }),
    ageColumn,
  ],
  hasStatus: false,
  validate,
  validateUpdate: (next, previous) => validateImmutable(next, previous, ['data', 'binaryData']),
};
