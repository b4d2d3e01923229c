// The pods of one board, by an index that the shared pod informer keeps.
import type { Pod } from '../api/objects.ts';
import type { Informer } from './informer.ts';

const NODE_NAME_INDEX = 'spec.nodeName';

/** May be called by everybody who reads by it: the index is made once. */
export function addNodeNameIndex(pods: Informer<Pod>): void {
  pods.addIndex(NODE_NAME_INDEX, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
}

/** Needs {@link addNodeNameIndex} once before. */
export function podsOnNode(pods: Informer<Pod>, nodeName: string): Pod[] {
  return pods.lister.byIndex(NODE_NAME_INDEX, nodeName);
}
