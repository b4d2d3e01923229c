// Which pods are a Job's: its own, and orphans that its selector matches. Pure.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector
import { type LabelSelector, selectorFromObject } from '../api/label-selector.ts';
import type { Job, Pod } from '../api/objects.ts';
import { type Claims, claimsOf } from './claims.ts';

/** Unlike elsewhere `own` is only what the Job controls already: what it adopts counts once that is written. */
export function podsOfJob(job: Job, podsInNamespace: readonly Pod[]): Claims<Pod> {
  const { adopt, release, own } = claimsOf(job, selectorOf(job), podsInNamespace);
  return { adopt, release, own: own.filter((pod) => !adopt.includes(pod)) };
}

export function selectorOf({ spec }: Job): LabelSelector {
  return selectorFromObject(spec.selector) ?? [];
}
