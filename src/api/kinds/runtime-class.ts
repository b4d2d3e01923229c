// RuntimeClass: names, columns and rules.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable, invalidEach, required } from '../field-error.ts';
import { labelNameProblems } from '../names.ts';
import type { RuntimeClass } from '../objects.ts';
import { validateResources } from '../pod-spec/validate-resources.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';

function validate({ handler, overhead }: RuntimeClass): FieldError[] {
  const errors = handler
    ? invalidEach('handler', handler, labelNameProblems(handler))
    : [required('handler')];
  if (!overhead?.podFixed) return errors;
  return [...errors, ...validateResources({ limits: overhead.podFixed }, 'overhead')];
}

export const runtimeClasses: KindDefinition<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  columns: [nameColumn, column('Handler', 'What runs its pods.', ({ handler }) => handler ?? ''), ageColumn],
  hasStatus: false,
  validate,
  validateUpdate: (next, previous) =>
    next.handler === previous.handler ? [] : [immutable('handler', next.handler)],
};
