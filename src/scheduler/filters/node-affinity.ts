// The pod's node selector, required node affinity and the board it may have named itself.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
import { matchesRequired } from '../../api/node-affinity.ts';
import { namedBoards } from '../named-boards.ts';
import { type Filter, forGood } from './filter.ts';

export const nodeName: Filter = {
  name: 'NodeName',
  prepare: ({ pod }) => {
    const wanted = pod.spec.nodeName;
    if (!wanted) return undefined;
    return ({ node }) =>
      wanted === node.metadata.name ? undefined : forGood("node(s) didn't match the requested node name");
  },
};

export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  prepare: ({ pod }) => {
    if (!pod.spec.nodeSelector && !pod.spec.affinity?.nodeAffinity) return undefined;
    return ({ node }) =>
      matchesRequired(pod, node) ? undefined : forGood("node(s) didn't match Pod's node affinity/selector");
  },
};

/** Goes before all others: boards that the pod does not name are not looked at, as upstream. */
export const nodeNamedByAffinity: Filter = {
  name: 'NodeAffinity',
  prepare: ({ pod }) => {
    const names = namedBoards(pod);
    if (!names) return undefined;
    return ({ node }) =>
      names.has(node.metadata.name) ? undefined : forGood("node(s) didn't satisfy plugin(s) [NodeAffinity]");
  },
};
