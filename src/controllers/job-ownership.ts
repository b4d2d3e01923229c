// Which pods are a Job's: its own, and orphans that its selector matches. Pure.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import type { Job, Pod } from '../api/objects.ts';
import { controllerOf } from './pod-state.ts';

interface JobPods {
  own: Pod[];
  /** Pods that match and belong to nobody. */
  adopt: Pod[];
  /** Own pods whose labels no longer match. */
  release: Pod[];
}

export function podsOfJob(job: Job, podsInNamespace: readonly Pod[]): JobPods {
  const controlled = podsInNamespace.filter((pod) => controllerOf(pod)?.uid === job.metadata.uid);
  if (job.metadata.deletionTimestamp) return { own: controlled, adopt: [], release: [] };
  const own = controlled.filter((pod) => selectsPod(job, pod));
  const release = controlled.filter((pod) => !selectsPod(job, pod) && !pod.metadata.deletionTimestamp);
  const adopt = podsInNamespace.filter(
    (pod) => !controllerOf(pod) && !pod.metadata.deletionTimestamp && selectsPod(job, pod),
  );
  return { own, adopt, release };
}

export function selectsPod({ spec }: Job, { metadata }: Pod): boolean {
  const selector = selectorFromObject(spec.selector) ?? [];
  return selector.length > 0 && matchesLabels(selector, metadata.labels);
}
