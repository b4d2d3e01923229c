// Taints of boards that the pod does not tolerate.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import { firstUntolerated } from '../../api/taints.ts';
import { type Filter, forGood } from './filter.ts';

export const HARD_EFFECTS: readonly string[] = ['NoSchedule', 'NoExecute'];

export const nodeTaints: Filter = {
  name: 'TaintToleration',
  prepare:
    ({ pod }) =>
    ({ taints }) => {
      const taint = firstUntolerated(taints, pod.spec.tolerations, HARD_EFFECTS);
      // Named, as upstream did until 1.34: who reads it knows at once what to tolerate.
      return taint && forGood(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
    },
};
