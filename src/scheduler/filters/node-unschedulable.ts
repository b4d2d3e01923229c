// Cordoned boards, and those that are being removed, take nothing new.
import { firstUntolerated, UNSCHEDULABLE_TAINT } from '../../api/taints.ts';
import { type Filter, forGood } from './filter.ts';

const TAINT = { key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' };

export const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  prepare: ({ pod }) => {
    const mayIgnore = !firstUntolerated([TAINT], pod.spec.tolerations, ['NoSchedule']);
    return ({ node }) => {
      const isRefused = node.spec.unschedulable && !mayIgnore;
      return isRefused || node.metadata.deletionTimestamp ? forGood('node(s) were unschedulable') : undefined;
    };
  },
};
