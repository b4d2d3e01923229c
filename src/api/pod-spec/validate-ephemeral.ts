// Ephemeral containers: they are only ever added, and they promise less than others.
// Source: pkg/apis/core/validation ValidatePodEphemeralContainersUpdate
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, notFoundField } from '../field-error.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { validateAddedContainer } from './validate-container.ts';

/** What makes no sense for a container that is started once, in a pod that has its place already. */
const NOT_ALLOWED = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const;
const FIELD = 'spec.ephemeralContainers';

export function validateEphemeralUpdate(next: core.PodSpec, previous: core.PodSpec): FieldError[] {
  const added = (next.ephemeralContainers ?? []) as core.EphemeralContainer[];
  const before = previous.ephemeralContainers ?? [];
  const errors = before.flatMap((old) => keptErrors(old, added));
  const others = [...(next.initContainers ?? []), ...next.containers].map(({ name }) => name);
  const targets = new Set(others);
  added.forEach((container, i) => {
    const at = `${FIELD}[${i}]`;
    const names = [...others, ...added.slice(0, i).map(({ name }) => name)];
    errors.push(...validateAddedContainer(container as core.Container, next.volumes ?? [], names, at));
    errors.push(...refusedFields(container, at));
    const target = container.targetContainerName;
    if (target && !targets.has(target)) errors.push(notFoundField(`${at}.targetContainerName`, target));
  });
  return errors;
}

function keptErrors(old: core.EphemeralContainer, added: readonly core.EphemeralContainer[]): FieldError[] {
  const now = added.find(({ name }) => name === old.name);
  if (!now)
    return [forbiddenField(FIELD, `existing ephemeral containers "${old.name}" may not be removed\n`)];
  if (isDeepStrictEqual(now, old)) return [];
  return [forbiddenField(FIELD, `existing ephemeral containers "${old.name}" may not be changed\n`)];
}

function refusedFields(container: core.EphemeralContainer, at: string): FieldError[] {
  const why = 'cannot be set for an Ephemeral Container';
  const given = NOT_ALLOWED.filter((field) => container[field] !== undefined).map(
    (field) => `${at}.${field}`,
  );
  if (Object.keys(container.resources ?? {}).length > 0) given.push(`${at}.resources`);
  return given.map((field) => forbiddenField(field, why));
}
