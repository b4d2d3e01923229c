// IngressClass: names, columns, defaults and rules.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable } from '../field-error.ts';
import type { IngressClass, networking } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import type { Writable } from '../writable.ts';
import { validateIngressClass } from './ingress-rules.ts';

/** `kind.group/name`, as upstream. */
function parametersText({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (!parameters) return '<none>';
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}`;
}

export const ingressClasses: KindDefinition<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  columns: [
    nameColumn,
    column('Controller', 'What serves Ingresses of this class.', ({ spec }) => spec?.controller ?? ''),
    column('Parameters', 'What its controller is told.', parametersText),
    ageColumn,
  ],
  hasStatus: false,
  setDefaults({ spec }) {
    const parameters: Writable<networking.IngressClassParametersReference> | undefined = spec?.parameters;
    if (parameters) parameters.scope ??= 'Cluster';
  },
  validate: ({ spec }) => validateIngressClass(spec),
  validateUpdate: (next, previous) =>
    next.spec?.controller === previous.spec?.controller
      ? []
      : [immutable('spec.controller', next.spec?.controller)],
};
