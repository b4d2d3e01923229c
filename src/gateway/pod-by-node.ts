// The index of pods by the board that they are bound to.
import type { Pod } from '../api/objects.ts';
import type { Informer } from '../client/informer.ts';

export const POD_BY_NODE = 'spec.nodeName';

/** Adds the index to the shared informer, once. */
export function podsByNode(informer: Informer<Pod>): Informer<Pod> {
  informer.addIndex(POD_BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  return informer;
}
