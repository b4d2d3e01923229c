// Lease: names, columns and rules. Kept in memory only: a lease is renewed every few seconds and means nothing after
// a restart, so it must not wear the card out.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { invalidValue } from '../field-error.ts';
import type { Lease } from '../objects.ts';
import { nonNegative, positive } from '../pod-spec/numbers.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';

function validate({ spec = {} }: Lease): FieldError[] {
  const errors = [
    ...positive(spec.leaseDurationSeconds, 'spec.leaseDurationSeconds'),
    ...nonNegative(spec.leaseTransitions, 'spec.leaseTransitions'),
  ];
  if (spec.holderIdentity === '') errors.push(invalidValue('spec.holderIdentity', '', 'must not be empty'));
  return errors;
}

export const leases: KindDefinition<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Holder', 'Who holds it.', ({ spec }) => spec?.holderIdentity ?? ''),
    ageColumn,
  ],
  hasStatus: false,
  volatile: true,
  validate,
};
