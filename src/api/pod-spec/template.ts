// Pod templates: what every kind that makes pods shares.
// Source: pkg/apis/core/validation ValidatePodTemplateSpec and what the owners of templates add to it
import { forbiddenField, invalidValue, notSupported } from '../field-error.ts';
import { type LabelSelector, matchesLabels } from '../label-selector.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import { labelNameProblems } from '../names.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { setPodSpecDefaults } from './defaults.ts';
import { validatePodSpec } from './validate-spec.ts';

/** Changes `template`; one without a spec gets an empty one, which validation refuses. */
export function setTemplateDefaults(template: core.PodTemplateSpec): void {
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

export function validateTemplateMetadata(template: core.PodTemplateSpec, field: string): FieldError[] {
  return [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${field}.annotations`),
  ];
}

/** Defaults are filled in already. */
export function validateTemplate(template: core.PodTemplateSpec, field: string): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  const errors = [...validateTemplateMetadata(template, field), ...validatePodSpec(spec, `${field}.spec`)];
  if (spec.ephemeralContainers?.length) {
    const why = 'ephemeral containers not allowed in pod template';
    errors.push(forbiddenField(`${field}.spec.ephemeralContainers`, why));
  }
  return errors;
}

/** An owner must find the pods again that it makes. A missing selector (`undefined`) selects nothing. */
export function validateSelected(
  template: core.PodTemplateSpec,
  selector: LabelSelector | undefined,
  field: string,
): FieldError[] {
  const labels = template.metadata?.labels;
  if (selector && matchesLabels(selector, labels)) return [];
  const why = '`selector` does not match template `labels`';
  return [invalidValue(`${field}.metadata.labels`, labels, why)];
}

/** Pods that `owner` keeps running: they restart always and have no deadline. */
export function validateAlwaysRunning(
  template: core.PodTemplateSpec,
  owner: string,
  field: string,
): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? { containers: [] };
  const errors: FieldError[] = [];
  if (restartPolicy !== 'Always') {
    errors.push(notSupported(`${field}.spec.restartPolicy`, restartPolicy, ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${owner} is not Supported`;
    errors.push(forbiddenField(`${field}.spec.activeDeadlineSeconds`, why));
  }
  return errors;
}

/** What whoever names the owner of pods should know: pods, and their host names, begin with that name. */
export function podNameWarnings(name: string | undefined): string[] {
  // A name that the server has yet to make up is a good one.
  const problems = name ? labelNameProblems(name) : [];
  if (problems.length === 0) return [];
  const why =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: ${why}: [${problems.join(' ')}]`];
}
