// Where in the world a board is, as its Node's label says.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone
import type { Node } from './objects.ts';

export const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** `undefined` where nobody has said. */
export function zoneOf(node: Node | undefined): string | undefined {
  return node?.metadata.labels?.[ZONE_LABEL] || undefined;
}
