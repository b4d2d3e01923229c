// PriorityClass: names, columns, defaults and rules; and the two classes that every cluster has.
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
import { ageColumn, column, nameColumn } from '../columns.ts';
import { forbiddenField, invalidValue, notSupported } from '../field-error.ts';
import type { PriorityClass } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import type { Writable } from '../writable.ts';

/** Above it only the system's own classes may be. */
const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';
const POLICIES = ['Never', 'PreemptLowerPriority'];

/** As upstream's, for what a node and what a cluster cannot do without. */
export const systemPriorityClasses = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
] as const;

function validate(priority: PriorityClass): FieldError[] {
  const { metadata, value, preemptionPolicy, globalDefault } = priority;
  const errors: FieldError[] = [];
  if (metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const known = systemPriorityClasses.find((system) => system.metadata.name === metadata.name);
    if (!known || known.value !== value || globalDefault) {
      const why = "priority class names with 'system-' prefix are reserved for system use only. error: ";
      const what = known
        ? `value of ${metadata.name} PriorityClass must be ${known.value}`
        : `${metadata.name} is not a known system priority class`;
      errors.push(forbiddenField('metadata.name', why + what));
    }
  } else if (value > HIGHEST_USER_PRIORITY) {
    const why = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`;
    errors.push(forbiddenField('value', why));
  }
  if (preemptionPolicy !== undefined && !POLICIES.includes(preemptionPolicy)) {
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, POLICIES));
  }
  return errors;
}

function validateUpdate(next: PriorityClass, previous: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if (next.value !== previous.value) errors.push(forbiddenField('value', 'may not be changed in an update.'));
  if (next.preemptionPolicy !== previous.preemptionPolicy) {
    errors.push(invalidValue('preemptionPolicy', next.preemptionPolicy, 'field is immutable'));
  }
  return errors;
}

export const priorityClasses: KindDefinition<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  columns: [
    nameColumn,
    column('Value', 'The priority that its pods get.', ({ value }) => value ?? 0, 'integer'),
    column(
      'Global-Default',
      'Whether pods without a class get it.',
      ({ globalDefault }) => globalDefault ?? false,
      'boolean',
    ),
    ageColumn,
    column(
      'PreemptionPolicy',
      'Whether its pods may push others out.',
      ({ preemptionPolicy }) => preemptionPolicy ?? '',
    ),
  ],
  hasStatus: false,
  setDefaults(priority: Writable<PriorityClass>) {
    priority.value ??= 0;
    priority.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate,
  validateUpdate,
};
