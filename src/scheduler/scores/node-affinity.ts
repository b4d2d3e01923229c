// Rather a board that the pod's preferred node affinity names.
import { preferredWeight } from '../../api/node-affinity.ts';
import { type Score, shareOfMost } from './score.ts';

export const preferredNodeAffinity: Score = ({ load: { pod }, usages }) => {
  if (!pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length)
    return undefined;
  return shareOfMost(usages.map(({ node }) => preferredWeight(pod, node)));
};
