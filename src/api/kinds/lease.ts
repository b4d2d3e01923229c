// Lease: names, columns and rules. Kept in memory only: a lease is renewed every few seconds and means nothing after
// a restart, so it must not wear the card out, nor push what others did out of the watch history.
import { isDeepStrictEqual } from 'node:util';
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

/** All but when it was renewed, and what the server counts and notes of that. */
function lasting({ metadata, spec }: Lease): unknown {
  const counted = { resourceVersion: undefined, generation: undefined, managedFields: undefined };
  const marks = { ...metadata, ...counted };
  return [marks, { ...spec, renewTime: undefined }];
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
  isMoving: (next, previous) => isDeepStrictEqual(lasting(next), lasting(previous)),
  validate,
};
