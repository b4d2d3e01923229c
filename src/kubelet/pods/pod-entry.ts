// One pod of this board while the agent runs: its record, its memory and what was last said about it.
import type { core, Pod } from '../../api/objects.ts';
import { newPodRecord, type PodRecord } from '../records/pod-record.ts';
import { newPodMemory, type PodMemory } from './pod-world.ts';

export interface PodEntry {
  readonly uid: string;
  readonly key: string;
  record: PodRecord;
  /** The record as it is on disk; `undefined` when it is not. */
  saved: PodRecord | undefined;
  readonly memory: PodMemory;
  /** The last report, as JSON: a status is sent only when it differs. */
  reported: string | undefined;
}

export function newPodEntry(pod: { uid: string; key: string }, startTime: string): PodEntry {
  return {
    uid: pod.uid,
    key: pod.key,
    record: newPodRecord(pod.uid, pod.key, startTime),
    saved: undefined,
    memory: newPodMemory(),
    reported: undefined,
  };
}

export function restoredEntry(record: PodRecord): PodEntry {
  return {
    uid: record.uid,
    key: record.key,
    record,
    saved: record,
    memory: newPodMemory(),
    reported: undefined,
  };
}

export function containerOf(pod: Pod, name: string) {
  return allContainersOf(pod).find((c) => c.name === name);
}

/** Ephemeral ones too: they are containers without ports, probes and hooks. */
export function allContainersOf(pod: Pod): core.Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...ephemeralContainersOf(pod)];
}

export function ephemeralContainersOf(pod: Pod): core.Container[] {
  return (pod.spec.ephemeralContainers ?? []) as core.Container[];
}

/** Upstream's way to say which part of the pod an event is about. */
export function fieldPathOf(pod: Pod | undefined, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const lists = ['initContainers', 'ephemeralContainers'] as const;
  const list = lists.find((field) => pod?.spec[field]?.some((c) => c.name === name)) ?? 'containers';
  return `spec.${list}{${name}}`;
}
