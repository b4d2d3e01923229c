// Boards that the pod's volumes can be on: bound volumes say where they are, claims that wait for their first
// consumer need a volume that is free there or one that can be made there.
// Source: pkg/scheduler/framework/plugins/volumebinding
import { claimKeysOf } from '../../api/pod-claims.ts';
import { type ClaimPlan, planClaims } from '../volume-plan.ts';
import type { World } from '../world.ts';
import { type Filter, forGood } from './filter.ts';

const REASONS: Readonly<Record<Exclude<ClaimPlan, object>, string>> = {
  conflict: 'node(s) had volume node affinity conflict',
  unbound: "node(s) didn't find available persistent volumes to bind",
};

export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare: ({ pod }, { storage }: World) => {
    if (claimKeysOf(pod).length === 0) return undefined;
    return ({ node }) => {
      const plan = planClaims(pod, node, storage);
      return typeof plan === 'string' ? forGood(REASONS[plan]) : undefined;
    };
  },
};
