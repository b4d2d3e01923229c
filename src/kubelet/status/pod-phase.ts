// The phase that follows from how a pod's containers stand. Pure; the rules of kubelet's getPhase.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
import type { Pod } from '../../api/objects.ts';
import { restartPolicyOf } from '../pods/restart-policy.ts';
import type { ContainerRecord, PodRecord } from '../records/pod-record.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export function podPhase(pod: Pod, record: PodRecord): PodPhase {
  const finished = record.finished ?? finishedPhase(pod, record);
  if (finished) return finished;
  const records = pod.spec.containers.map((c) => record.containers[c.name]);
  if (!isInitialized(pod, record)) return 'Pending';
  return records.every((r) => r !== undefined) ? 'Running' : 'Pending';
}

/** The phase that nothing can change any more; `undefined` while something may run (again). */
export function finishedPhase(pod: Pod, record: PodRecord): 'Succeeded' | 'Failed' | undefined {
  const policy = restartPolicyOf(pod.spec);
  if (policy === 'Always') return undefined;
  if (policy === 'Never' && hasFailedInit(pod, record)) return 'Failed';
  const ends = pod.spec.containers.map((c) => record.containers[c.name]);
  if (ends.some((r) => !r?.ended || r.replacing)) return undefined;
  if (ends.every((r) => r?.ended?.exitCode === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : undefined;
}

function hasFailedInit(pod: Pod, record: PodRecord): boolean {
  return (pod.spec.initContainers ?? []).some((c) => failed(record.containers[c.name]));
}

const failed = (record: ContainerRecord | undefined) =>
  record?.ended !== undefined && record.ended.exitCode !== 0;

/** True once every init container ended well, or any other container has been made. */
export function isInitialized(pod: Pod, record: PodRecord): boolean {
  if (pod.spec.containers.some((c) => record.containers[c.name])) return true;
  return (pod.spec.initContainers ?? []).every((c) => record.containers[c.name]?.ended?.exitCode === 0);
}
