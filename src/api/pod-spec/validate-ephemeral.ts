// Ephemeral containers: added to a pod that runs, to look into it; never changed and never taken away again.
// Source: pkg/apis/core/validation validateEphemeralContainers and ValidatePodEphemeralContainersUpdate;
// https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
import { isDeepStrictEqual } from 'node:util';
import { duplicate, forbiddenField, notFoundField } from '../field-error.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { validateCommon } from './validate-container.ts';

const FIELD = 'ephemeralContainers';
/** What would promise that somebody restarts it, sends requests to it, or that the board has room for it. */
const UNFIT = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
] as const;

export function validateEphemeralContainers(
  spec: core.PodSpec,
  volumes: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name);
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${field}.${FIELD}[${i}]`;
    const twice = names.has(container.name) ? [duplicate(`${at}.name`, container.name)] : [];
    names.add(container.name);
    return [
      ...validateCommon(container as core.Container, volumes, at),
      ...twice,
      ...unfitFields(container, at),
      ...targetErrors(container.targetContainerName, others, `${at}.targetContainerName`),
    ];
  });
}

function unfitFields(container: core.EphemeralContainer, at: string): FieldError[] {
  const given = UNFIT.filter((name) => !isEmpty((container as Partial<core.Container>)[name]));
  const mounts = (container.volumeMounts ?? []).flatMap(({ subPath, subPathExpr }, i) => [
    ...(subPath ? [`volumeMounts[${i}].subPath`] : []),
    ...(subPathExpr ? [`volumeMounts[${i}].subPathExpr`] : []),
  ]);
  const why = 'cannot be set for an Ephemeral Container';
  return [...given, ...mounts].map((name) => forbiddenField(`${at}.${name}`, why));
}

const isEmpty = (value: unknown) =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

function targetErrors(target: string | undefined, names: readonly string[], at: string): FieldError[] {
  return !target || names.includes(target) ? [] : [notFoundField(at, target)];
}

/** Of a write to `pods/ephemeralcontainers`. */
export function validateEphemeralUpdate(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  const after = new Map((next.ephemeralContainers ?? []).map((container) => [container.name, container]));
  return (previous.ephemeralContainers ?? []).flatMap((before, i) => {
    const kept = after.get(before.name);
    if (kept && isDeepStrictEqual(kept, before)) return [];
    const what = kept ? 'changed' : 'removed';
    const why = `existing ephemeral containers ${JSON.stringify(before.name)} may not be ${what}`;
    return [forbiddenField(kept ? `spec.${FIELD}[${i}]` : `spec.${FIELD}`, why)];
  });
}
