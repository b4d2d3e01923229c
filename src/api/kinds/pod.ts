// Pod: names, columns, defaults and rules.
import { forbiddenField, invalidValue } from '../field-error.ts';
import { subdomainProblems } from '../names.ts';
import type { Pod } from '../objects.ts';
import { claimNameOf } from '../pod-claims.ts';
import { setPodDefaults } from '../pod-spec/defaults.ts';
import { validateEphemeralUpdate } from '../pod-spec/validate-ephemeral.ts';
import { validateResize } from '../pod-spec/validate-resize.ts';
import { validatePodSpec } from '../pod-spec/validate-spec.ts';
import { validateMirrorMark, validatePodSpecUpdate } from '../pod-spec/validate-update.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { podColumns } from './pod-columns.ts';

export const pods: KindDefinition<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  columns: podColumns,
  hasStatus: true,
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  setDefaults(pod) {
    pod.spec ??= { containers: [] };
    setPodDefaults(pod.spec);
  },
  validate: (pod) => validatePodSpec(pod.spec, 'spec'),
  validateCreate: (pod) => [...ephemeralContainerErrors(pod), ...ephemeralVolumeErrors(pod)],
  validateUpdate: (next, previous, subresource) => [
    ...validateMirrorMark(next, previous),
    ...updateErrors(next, previous, subresource),
  ],
};

function updateErrors(next: Pod, previous: Pod, subresource: string | undefined): FieldError[] {
  if (subresource === 'resize') return validateResize(next, previous);
  if (subresource === 'ephemeralcontainers') return validateEphemeralUpdate(next.spec, previous.spec);
  return validatePodSpecUpdate(next.spec, previous.spec);
}

function ephemeralContainerErrors({ spec }: Pod): FieldError[] {
  if (!spec.ephemeralContainers?.length) return [];
  return [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')];
}

/** Names of the pod and of a volume make that of a claim. */
function ephemeralVolumeErrors(pod: Pod): FieldError[] {
  return (pod.spec.volumes ?? []).flatMap((volume, i) => {
    const claim = volume.ephemeral && claimNameOf(pod, volume);
    const problems = claim ? subdomainProblems(claim) : [];
    return problems.map((why) =>
      invalidValue(`spec.volumes[${i}].name`, volume.name, `PVC name "${claim}": ${why}`),
    );
  });
}
