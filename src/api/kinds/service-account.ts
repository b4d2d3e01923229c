// ServiceAccount: names and columns. It has no rules of its own.
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { ServiceAccount } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';

export const serviceAccounts: KindDefinition<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Secrets', 'Number of secrets that its pods may use.', ({ secrets }) => secrets?.length ?? 0),
    ageColumn,
  ],
  hasStatus: false,
};
