// The pods of a Job: how one is made, and what one says about itself.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
import { type LabelSelector, selectorFromObject } from '../api/label-selector.ts';
import type { core, Job, Pod } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import { isReady } from './pod-state.ts';

/** Holds a pod until its end is counted, so that counts are exact even when somebody deletes the pod. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
const INDEX_NAME = 'batch.kubernetes.io/job-completion-index';
const INDEX_ENV = 'JOB_COMPLETION_INDEX';

export function selectorOf({ spec }: Job): LabelSelector {
  return selectorFromObject(spec.selector) ?? [];
}

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';
export const isTracked = ({ metadata }: Pod): boolean =>
  (metadata.finalizers ?? []).includes(TRACKING_FINALIZER);

export const isReadyAndStaying = (pod: Pod): boolean => isReady(pod) && !pod.metadata.deletionTimestamp;

/** `undefined` when the pod has none that its job knows. */
export function completionIndex(pod: Pod, completions: number): number | undefined {
  const text = pod.metadata.annotations?.[INDEX_NAME] ?? '';
  const index = Number(text);
  return /^\d{1,10}$/.test(text) && index < completions ? index : undefined;
}

/**
 * Whether the pod counts as failed. One that is being deleted does at once, unless the job waits for it to end:
 * then it must have ended, or never have reached a board, or be held by nothing but our finalizer.
 */
export function hasFailed(pod: Pod, job: Job): boolean {
  const { phase } = pod.status ?? {};
  if (phase === 'Failed') return true;
  if (phase === 'Succeeded' || !pod.metadata.deletionTimestamp) return false;
  const isGone = !pod.spec.nodeName || pod.metadata.deletionGracePeriodSeconds === 0;
  return isGone || job.spec.podReplacementPolicy !== 'Failed';
}

/** When the pod ended, in milliseconds since the epoch; `nowMs` when it does not say. */
export function endedMs({ metadata, status }: Pod, nowMs: number): number {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated?.finishedAt ?? []);
  const times = ends.length > 0 ? ends : [metadata.deletionTimestamp].flatMap((time) => time ?? []);
  return times.length > 0 ? Math.max(...times.map((time) => Date.parse(time))) : nowMs;
}

/** `index` for Indexed jobs only; `annotations` beside those of the template. */
export function jobPod(
  job: Job,
  index: number | undefined,
  annotations: Record<string, string> = {},
): NewObject<Pod> {
  const { metadata, spec } = job.spec.template;
  if (!spec) throw new Error(`job ${job.metadata.name} has no pod template`);
  const mark: Record<string, string> = index === undefined ? {} : { [INDEX_NAME]: String(index) };
  const base = index === undefined ? job.metadata.name : `${job.metadata.name}-${index}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${base}-`,
      namespace: job.metadata.namespace ?? 'default',
      labels: { ...metadata?.labels, ...mark },
      ...(metadata?.annotations || index !== undefined
        ? { annotations: { ...metadata?.annotations, ...mark, ...annotations } }
        : {}),
      finalizers: [...(metadata?.finalizers ?? []), TRACKING_FINALIZER],
      ownerReferences: [controllerReference(job)],
    },
    spec: index === undefined ? structuredClone(spec) : indexedSpec(structuredClone(spec), base),
  };
}

/** The host name is stable over the tries of one index, so that workers find each other. */
function indexedSpec(spec: core.PodSpec, hostname: string): core.PodSpec {
  const fieldRef = { fieldPath: `metadata.labels['${INDEX_NAME}']` };
  const withIndex = (container: core.Container): core.Container => {
    if (container.env?.some(({ name }) => name === INDEX_ENV)) return container;
    return { ...container, env: [...(container.env ?? []), { name: INDEX_ENV, valueFrom: { fieldRef } }] };
  };
  return {
    ...spec,
    hostname: spec.hostname || hostname,
    containers: spec.containers.map(withIndex),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(withIndex) } : {}),
  };
}
