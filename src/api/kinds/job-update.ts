// What may change in a Job: nothing that its pods depend on, save where to place them while none has been started.
// Source: pkg/apis/batch/validation ValidateJobSpecUpdate
import { isDeepStrictEqual } from 'node:util';
import { immutable, invalidValue } from '../field-error.ts';
import type { core, Job } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

const FIXED = [
  'selector',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
  'completionMode',
] as const;

/** Indexed jobs grow and shrink with their parallelism. */
function validateCompletions({ spec }: Job, previous: Job): FieldError[] {
  if (spec.completions === previous.spec.completions) return [];
  const field = 'spec.completions';
  if (spec.completionMode !== 'Indexed') return [immutable(field, spec.completions)];
  return spec.completions === spec.parallelism
    ? []
    : [invalidValue(field, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** `next` with what may change in a suspended job put back to what it was. */
function withPlacementOf(next: core.PodTemplateSpec, previous: core.PodTemplateSpec): object {
  const metadata = { ...next.metadata, ...pick(previous.metadata, ['labels', 'annotations']) };
  const spec = {
    ...next.spec,
    ...pick(previous.spec, ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates']),
  };
  return defined({ ...next, metadata: defined(metadata), spec: defined(spec) });
}

function pick<T extends object, K extends keyof T>(object: T | undefined, names: K[]): { [N in K]?: T[N] } {
  return Object.fromEntries(names.map((name) => [name, object?.[name]])) as { [N in K]?: T[N] };
}

const defined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function validateTemplateUpdate(next: Job, previous: Job): FieldError[] {
  const before = previous.spec.template;
  const placeable = previous.spec.suspend === true && !previous.status?.startTime;
  const after = placeable ? withPlacementOf(next.spec.template, before) : next.spec.template;
  const same = isDeepStrictEqual(after, placeable ? withPlacementOf(before, before) : before);
  return same ? [] : [immutable('spec.template', next.spec.template)];
}

export function validateJobUpdate(next: Job, previous: Job): FieldError[] {
  return [
    ...validateCompletions(next, previous),
    ...FIXED.filter((name) => !isDeepStrictEqual(next.spec[name], previous.spec[name])).map((name) =>
      immutable(`spec.${name}`, next.spec[name]),
    ),
    ...validateTemplateUpdate(next, previous),
  ];
}
