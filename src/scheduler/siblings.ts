// Pods that belong together and should not all be on one board: same controller, or behind the same Service.
import { matchesSelectorMap } from '../api/label-selector.ts';
import type { Pod, Service } from '../api/objects.ts';
import type { PodSelection } from './world.ts';

/** `services` are those of the pod's namespace. Pods that are going count no more. `undefined` = it has no siblings. */
export function siblingsOf(pod: Pod, services: readonly Service[]): PodSelection | undefined {
  const owner = controllerUid(pod);
  const { namespace, labels } = pod.metadata;
  const selectors = services
    .map(({ spec }) => spec.selector ?? {})
    .filter((selector) => Object.keys(selector).length > 0 && matchesSelectorMap(selector, labels));
  if (owner === undefined && selectors.length === 0) return undefined;
  return {
    key: `siblings ${JSON.stringify([namespace, owner, selectors])}`,
    matches: (other) => {
      if (other.metadata.namespace !== namespace || other.metadata.deletionTimestamp) return false;
      if (owner !== undefined && controllerUid(other) === owner) return true;
      return selectors.some((selector) => matchesSelectorMap(selector, other.metadata.labels));
    },
  };
}

function controllerUid(pod: Pod): string | undefined {
  return pod.metadata.ownerReferences?.find((reference) => reference.controller)?.uid;
}
