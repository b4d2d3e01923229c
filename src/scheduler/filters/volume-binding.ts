// Boards that the pod's volumes can be on: bound volumes say where they are, claims that wait for their first
// consumer need a volume that is free there or one that can be made there.
// Source: pkg/scheduler/framework/plugins/volumebinding
import { claimKeysOf } from '../../api/pod-claims.ts';
import { type ClaimProblem, planClaims } from '../volume-plan.ts';
import type { World } from '../world.ts';
import { type Filter, forGood } from './filter.ts';

/** In upstream's order. */
const REASONS: Readonly<Record<ClaimProblem, string>> = {
  conflict: "node(s) didn't match PersistentVolume's node affinity",
  unbound: "node(s) didn't find available persistent volumes to bind",
  missing: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
};

export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare: ({ pod }, { storage }: World) => {
    if (claimKeysOf(pod).length === 0) return undefined;
    return ({ node }) => {
      const { problems } = planClaims(pod, node, storage);
      return problems.size > 0 ? forGood(...reasonsOf(problems)) : undefined;
    };
  },
};

const reasonsOf = (problems: ReadonlySet<ClaimProblem>): string[] =>
  (Object.keys(REASONS) as ClaimProblem[]).filter((p) => problems.has(p)).map((p) => REASONS[p]);
