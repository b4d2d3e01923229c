// Pods that belong together and should not all be on one board: same controller, or behind the same Service.
import { matchesSelectorMap } from '../api/label-selector.ts';
import type { Pod, Service } from '../api/objects.ts';
import type { IsSibling } from './scores.ts';

/** `services` are those of the pod's namespace. */
export function siblingsOf(pod: Pod, services: readonly Service[]): IsSibling {
  const owner = controllerUid(pod);
  const selectors = services
    .map(({ spec }) => spec.selector ?? {})
    .filter(
      (selector) => Object.keys(selector).length > 0 && matchesSelectorMap(selector, pod.metadata.labels),
    );
  return (other) => {
    if (other.metadata.namespace !== pod.metadata.namespace) return false;
    if (owner !== undefined && controllerUid(other) === owner) return true;
    return selectors.some((selector) => matchesSelectorMap(selector, other.metadata.labels));
  };
}

function controllerUid(pod: Pod): string | undefined {
  return pod.metadata.ownerReferences?.find((reference) => reference.controller)?.uid;
}
