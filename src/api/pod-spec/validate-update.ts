// What may change in a pod once it exists: images, the deadline (down), tolerations (more).
// Source: pkg/apis/core/validation ValidatePodUpdate
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, invalidValue } from '../field-error.ts';
import type { core, Pod } from '../objects.ts';
import { CONFIG_MIRROR_ANNOTATION } from '../static-pod.ts';
import type { FieldError } from '../status-error.ts';

const RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function deadlineErrors(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  const [after, before] = [next.activeDeadlineSeconds, previous.activeDeadlineSeconds];
  if (before === undefined || after === before) return [];
  if (after === undefined) {
    return [invalidValue(field, after, 'must not update from a positive integer to nil value')];
  }
  return after > before ? [invalidValue(field, after, 'must be less than or equal to previous value')] : [];
}

const withoutSeconds = ({ tolerationSeconds: _, ...rest }: core.Toleration) => rest;

function tolerationErrors(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  const kept = (previous.tolerations ?? []).every((before) =>
    (next.tolerations ?? []).some((after) =>
      isDeepStrictEqual(withoutSeconds(after), withoutSeconds(before)),
    ),
  );
  if (kept) return [];
  const why = 'existing toleration can not be modified except its tolerationSeconds';
  return [forbiddenField('spec.tolerations', why)];
}

/** Gates go one by one and never come back. */
function gateErrors(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  const known = new Set((previous.schedulingGates ?? []).map(({ name }) => name));
  const added = (next.schedulingGates ?? []).filter(({ name }) => !known.has(name));
  if (added.length === 0) return [];
  const names = added.map(({ name }) => name).join(', ');
  const why = `only deletion is allowed, but found new scheduling gates '${names}'`;
  return [forbiddenField('spec.schedulingGates', why)];
}

/** The node selector of a pod with gates may only get narrower. */
function selectorErrors(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  if (!previous.schedulingGates?.length) return [];
  const kept = Object.entries(previous.nodeSelector ?? {}).every(([k, v]) => next.nodeSelector?.[k] === v);
  if (kept) return [];
  return [
    invalidValue(
      'spec.nodeSelector',
      next.nodeSelector,
      'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ),
  ];
}

function withImagesOf(containers: core.Container[] | undefined, previous: core.Container[] | undefined) {
  return containers?.map((container, i) => ({ ...container, image: previous?.[i]?.image }));
}

/** `next` with everything that may change put back to what it was. */
function withoutPermittedChanges(next: core.PodSpec, previous: core.PodSpec): object {
  const spec: Record<string, unknown> = {
    ...next,
    containers: withImagesOf(next.containers, previous.containers),
    initContainers: withImagesOf(next.initContainers, previous.initContainers),
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
    // Held back, it may still be told where to go.
    ...(previous.schedulingGates?.length ? { nodeSelector: previous.nodeSelector } : {}),
  };
  if (next.terminationGracePeriodSeconds === 1 && (previous.terminationGracePeriodSeconds ?? 0) < 0) {
    spec.terminationGracePeriodSeconds = previous.terminationGracePeriodSeconds;
  }
  return defined(spec);
}

/** Which static pod it shows is said once, when it is made. Source: ValidatePodSpecificAnnotationUpdates */
export function validateMirrorMark(next: Pod, previous: Pod): FieldError[] {
  const after = next.metadata.annotations?.[CONFIG_MIRROR_ANNOTATION];
  const before = previous.metadata.annotations?.[CONFIG_MIRROR_ANNOTATION];
  if (after === before) return [];
  const what = before === undefined ? 'add' : 'remove or update';
  const field = `metadata.annotations[${CONFIG_MIRROR_ANNOTATION}]`;
  return [forbiddenField(field, `may not ${what} mirror pod annotation`)];
}

const defined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));

export function validatePodSpecUpdate(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  if (next.containers?.length !== previous.containers?.length) {
    return [forbiddenField('spec.containers', 'pod updates may not add or remove containers')];
  }
  if ((next.initContainers?.length ?? 0) !== (previous.initContainers?.length ?? 0)) {
    return [forbiddenField('spec.initContainers', 'pod updates may not add or remove containers')];
  }
  const errors = [deadlineErrors, tolerationErrors, gateErrors, selectorErrors].flatMap((check) =>
    check(next, previous),
  );
  if (!isDeepStrictEqual(withoutPermittedChanges(next, previous), defined(previous))) {
    errors.push(forbiddenField('spec', RULE));
  }
  return errors;
}
