// What may change in a Job: nothing that its pods depend on, save where to place them and their size while none of them
// is there.
// Source: pkg/apis/batch/validation ValidateJobSpecUpdate
import { isDeepStrictEqual } from 'node:util';
import { isConditionTrue } from '../conditions.ts';
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

/**
 * `next` with what may change in a suspended job put back to what it was: where its pods go, what they are called and
 * what their containers ask for.
 */
function withPlacementOf(next: core.PodTemplateSpec, previous: core.PodTemplateSpec): object {
  const metadata = { ...next.metadata, ...pick(previous.metadata, ['labels', 'annotations']) };
  const spec = {
    ...next.spec,
    ...pick(previous.spec, ['nodeSelector', 'tolerations', 'schedulingGates']),
    affinity: withNodeAffinityOf(next.spec?.affinity, previous.spec?.affinity),
    containers: withSizesOf(next.spec?.containers, previous.spec?.containers),
    initContainers: withSizesOf(next.spec?.initContainers, previous.spec?.initContainers),
  };
  return defined({ ...next, metadata: defined(metadata), spec: defined(spec) });
}

/** Which other pods they want near stays. */
function withNodeAffinityOf(next: core.Affinity | undefined, previous: core.Affinity | undefined) {
  const { nodeAffinity: _, ...others } = next ?? {};
  const nodeAffinity = previous?.nodeAffinity;
  const whole = { ...others, ...(nodeAffinity ? { nodeAffinity } : {}) };
  return Object.keys(whole).length > 0 ? whole : undefined;
}

function withSizesOf(
  next: readonly core.Container[] | undefined,
  previous: readonly core.Container[] | undefined,
): readonly core.Container[] | undefined {
  if (next?.length !== previous?.length) return next;
  return next?.map((container, i) => {
    const before = previous?.[i];
    if (before?.name !== container.name) return container;
    const { resources: _, ...rest } = container;
    return before.resources === undefined ? rest : { ...rest, resources: before.resources };
  });
}

function pick<T extends object, K extends keyof T>(object: T | undefined, names: K[]): { [N in K]?: T[N] } {
  return Object.fromEntries(names.map((name) => [name, object?.[name]])) as { [N in K]?: T[N] };
}

const defined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** None of its pods has been started, or all of them are gone again. */
function isAtRest({ spec, status }: Job): boolean {
  if (!spec.suspend || (status?.active ?? 0) > 0) return false;
  return !status?.startTime || isConditionTrue(status.conditions, 'Suspended');
}

function validateTemplateUpdate(next: Job, previous: Job): FieldError[] {
  const before = previous.spec.template;
  const { template } = next.spec;
  if (!isAtRest(previous))
    return isDeepStrictEqual(template, before) ? [] : [immutable('spec.template', template)];
  const same = isDeepStrictEqual(withPlacementOf(template, before), withPlacementOf(before, before));
  return same ? [] : [immutable('spec.template.spec', template.spec)];
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
