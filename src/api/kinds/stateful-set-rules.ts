// What a StatefulSet may say, and the few fields that may change.
// Source: pkg/apis/apps/validation ValidateStatefulSet
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, invalidValue, notSupported } from '../field-error.ts';
import { atMostAll, isNone, validateIntOrPercent } from '../int-or-percent.ts';
import { selectorFromObject } from '../label-selector.ts';
import type { apps, StatefulSet } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import { validateAlwaysRunning, validateSelected, validateTemplateMetadata } from '../pod-spec/template.ts';
import { validateOwnSelector } from '../pod-spec/validate-selector.ts';
import type { FieldError } from '../status-error.ts';

const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const UPDATE_RULE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy'," +
  " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const RETENTION_POLICIES = ['Delete', 'Retain'];

function validateRollingUpdate(update: apps.RollingUpdateStatefulSetStrategy, field: string): FieldError[] {
  const { partition, maxUnavailable } = update;
  const errors = nonNegative(partition, `${field}.partition`);
  if (maxUnavailable === undefined) return errors;
  errors.push(...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`));
  if (isNone(maxUnavailable)) {
    errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, 'cannot be 0'));
  }
  return [...errors, ...atMostAll(maxUnavailable, `${field}.maxUnavailable`)];
}

function validateStrategy(strategy: apps.StatefulSetUpdateStrategy, field: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const inner = `${field}.rollingUpdate`;
  if (type === 'RollingUpdate') return rollingUpdate ? validateRollingUpdate(rollingUpdate, inner) : [];
  if (type !== 'OnDelete') return [invalidValue(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  return rollingUpdate
    ? [invalidValue(inner, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
    : [];
}

function validateRetention(
  policy: apps.StatefulSetPersistentVolumeClaimRetentionPolicy,
  field: string,
): FieldError[] {
  return (['whenDeleted', 'whenScaled'] as const).flatMap((when) =>
    RETENTION_POLICIES.includes(policy[when] ?? '')
      ? []
      : [notSupported(`${field}.${when}`, policy[when], RETENTION_POLICIES)],
  );
}

/** As upstream, the pod's spec is left to the pods: its mounts name volumes that come from the claims. */
export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const { podManagementPolicy, template } = spec;
  if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
    const why = "must be 'OrderedReady' or 'Parallel'";
    errors.push(invalidValue('spec.podManagementPolicy', podManagementPolicy, why));
  }
  return [
    ...errors,
    ...validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateRetention(
      spec.persistentVolumeClaimRetentionPolicy ?? {},
      'spec.persistentVolumeClaimRetentionPolicy',
    ),
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    ...validateOwnSelector(spec.selector, 'statefulset', 'spec.selector'),
    ...validateSelected(template, selectorFromObject(spec.selector), 'spec.template'),
    ...validateTemplateMetadata(template, 'spec.template'),
    ...validateAlwaysRunning(template, 'StatefulSet', 'spec.template'),
  ];
}

function fixedPart(spec: apps.StatefulSetSpec): object {
  return Object.fromEntries(
    Object.entries(spec).filter(([name]) => !(MUTABLE as readonly string[]).includes(name)),
  );
}

export function validateStatefulSetUpdate(next: StatefulSet, previous: StatefulSet): FieldError[] {
  return isDeepStrictEqual(fixedPart(next.spec), fixedPart(previous.spec))
    ? []
    : [forbiddenField('spec', UPDATE_RULE)];
}
