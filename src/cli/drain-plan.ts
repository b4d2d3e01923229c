// Which pods of a board go when it is drained, and which keep it from being drained: pure.
// Source: k8s.io/kubectl/pkg/drain/filters.go
import type { Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { isMirrorPod } from '../api/static-pod.ts';

export interface DrainRules {
  ignoreDaemonSets: boolean;
  deleteEmptyDirData: boolean;
  force: boolean;
  /** Pods of Jobs are left to end by themselves. */
  waitForCompletion: boolean;
}

export interface DrainPlan {
  evict: Pod[];
  /** To be waited for. */
  await: Pod[];
  /** One line for each reason, with the pods that it is about. */
  warnings: string[];
  errors: string[];
}

type Verdict =
  | 'evict'
  | 'await'
  | 'leave'
  | { warning: string; after: 'evict' | 'leave' }
  | { error: string };

export function drainPlan(pods: readonly Pod[], rules: DrainRules): DrainPlan {
  const plan: DrainPlan = { evict: [], await: [], warnings: [], errors: [] };
  const warned = new Map<string, string[]>();
  const refused = new Map<string, string[]>();
  for (const pod of pods) {
    const verdict = judge(pod, rules);
    const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
    if (typeof verdict === 'object' && 'error' in verdict) note(refused, verdict.error, name);
    else {
      if (typeof verdict === 'object') note(warned, verdict.warning, name);
      const after = typeof verdict === 'object' ? verdict.after : verdict;
      if (after !== 'leave') plan[after].push(pod);
    }
  }
  plan.warnings = lines(warned);
  plan.errors = lines(refused);
  return plan;
}

function judge(pod: Pod, rules: DrainRules): Verdict {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  if (isMirrorPod(pod)) return 'leave';
  if (isFinished(pod)) return 'evict';
  if (owner?.kind === 'DaemonSet') {
    return rules.ignoreDaemonSets
      ? { warning: 'ignoring DaemonSet-managed Pods', after: 'leave' }
      : { error: 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' };
  }
  if (owner?.kind === 'Job' && rules.waitForCompletion) return 'await';
  return judgeLoss(pod, owner !== undefined, rules);
}

/** What nobody makes anew, and what would be gone with the pod. */
function judgeLoss({ spec }: Pod, isOwned: boolean, rules: DrainRules): Verdict {
  const hasLocal = (spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined && emptyDir !== null);
  if (hasLocal && !rules.deleteEmptyDirData) {
    return { error: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)' };
  }
  if (isOwned) return 'evict';
  return rules.force
    ? { warning: 'deleting Pods that declare no controller', after: 'evict' }
    : { error: 'cannot delete Pods that declare no controller (use --force to override)' };
}

function note(notes: Map<string, string[]>, reason: string, name: string): void {
  notes.set(reason, [...(notes.get(reason) ?? []), name]);
}

const lines = (notes: ReadonlyMap<string, string[]>) =>
  [...notes].map(([reason, names]) => `${reason}: ${names.join(', ')}`);
