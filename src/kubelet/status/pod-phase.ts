// The phase that follows from how a pod's containers stand. Pure; the rules of kubelet's getPhase.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
import type { Pod } from '../../api/objects.ts';
import { isSidecar, restartPolicyOf } from '../pods/restart-policy.ts';
import { isStarted } from '../probes/probe.ts';
import type { ContainerRecord, PodRecord } from '../records/pod-record.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export function podPhase(pod: Pod, record: PodRecord): PodPhase {
  const finished = record.finished ?? finishedPhase(pod, record);
  // Not before its last container has ended: whoever waits for the end may count on that.
  if (finished) return hasRunning(record) ? 'Running' : finished;
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
  if (policy === 'OnFailure' && ends.some((r) => r?.unhealthy)) return undefined;
  if (ends.every((r) => r?.ended?.exitCode === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : undefined;
}

function hasFailedInit(pod: Pod, record: PodRecord): boolean {
  const inits = (pod.spec.initContainers ?? []).filter((c) => !isSidecar(pod.spec, c));
  return inits.some((c) => failed(record.containers[c.name]));
}

const failed = (record: ContainerRecord | undefined) =>
  record?.ended !== undefined && record.ended.exitCode !== 0;

function hasRunning(record: PodRecord): boolean {
  return Object.values(record.containers).some((c) => !c.ended);
}

/** True once every init container ended well and every sidecar is up, or any other container has been made. */
export function isInitialized(pod: Pod, record: PodRecord): boolean {
  if (pod.spec.containers.some((c) => record.containers[c.name])) return true;
  return (pod.spec.initContainers ?? []).every((c) => {
    const known = record.containers[c.name];
    if (!isSidecar(pod.spec, c)) return known?.ended?.exitCode === 0;
    return known !== undefined && !known.ended && isStarted(c, known.verdicts);
  });
}
