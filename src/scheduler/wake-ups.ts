// Which changes of the world are worth another try, for whom, and whose pods are ours to place. Everything else, such
// as the condition that we write ourselves, wakes nobody.
// Source: the queueing hints of pkg/scheduler/framework/plugins
import { isConditionTrue } from '../api/conditions.ts';
import type { Node, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import type { FilterName } from './filters/filter.ts';

export const DEFAULT_SCHEDULER = 'default-scheduler';

/** `board`: one came or changed; `room`: a pod has gone; `company`: one was placed or changed its labels. */
export type WorldChange = 'board' | 'room' | 'company' | 'storage' | 'namespace';

const helps: Readonly<Record<FilterName, readonly WorldChange[]>> = {
  NodeUnschedulable: ['board'],
  NodeName: ['board'],
  TaintToleration: ['board'],
  NodeAffinity: ['board'],
  NodePorts: ['board', 'room'],
  NodeResourcesFit: ['board', 'room'],
  VolumeRestrictions: ['board', 'room', 'storage'],
  VolumeBinding: ['board', 'storage'],
  PodTopologySpread: ['board', 'room', 'company'],
  InterPodAffinity: ['board', 'room', 'company', 'namespace'],
};

/** Whether a pod that these filters refused may fit now. A first board helps everybody. */
export function mayHelp(change: WorldChange, filters: ReadonlySet<FilterName>): boolean {
  if (filters.size === 0) return change === 'board';
  return [...filters].some((filter) => helps[filter].includes(change));
}

/** Waits for a board, and for us to find it. */
export function isPending(pod: Pod): boolean {
  const { nodeName, schedulerName } = pod.spec;
  const isOurs = (schedulerName ?? DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER;
  return !nodeName && isOurs && !pod.metadata.deletionTimestamp && !isFinished(pod);
}

/** Held back until whoever put the gates there takes them away. */
export function isGated({ spec }: Pod): boolean {
  return (spec.schedulingGates?.length ?? 0) > 0;
}

/** Only a change of what is asked for counts: the condition that we write ourselves must not start us again. */
export function asksAnew(pod: Pod, previous: Pod): boolean {
  if (pod.metadata.uid !== previous.metadata.uid) return true;
  return (
    JSON.stringify([pod.spec, pod.metadata.labels]) !==
    JSON.stringify([previous.spec, previous.metadata.labels])
  );
}

/** Whether a pod that did not fit before might fit now. */
export function mayFitMore(node: Node, previous: Node): boolean {
  const isReady = (n: Node) => isConditionTrue(n.status?.conditions, 'Ready');
  const facts = (n: Node) =>
    JSON.stringify([n.spec, n.metadata.labels, n.status?.allocatable, n.status?.capacity, isReady(n)]);
  return facts(node) !== facts(previous);
}
