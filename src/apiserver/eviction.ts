// POST pods/NAME/eviction: a DELETE that a PodDisruptionBudget may forbid. The budget is charged first, in one write,
// so that no two evictions spend the same allowance.
// https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/

import { allowedConditions } from '../api/budget-conditions.ts';
import { findCondition, isConditionTrue, withCondition } from '../api/conditions.ts';
import { pods } from '../api/kinds/pod.ts';
import { podDisruptionBudgets } from '../api/kinds/pod-disruption-budget.ts';
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import {
  type KubeObject,
  keyOf,
  type Pod,
  type PodDisruptionBudget,
  type policy,
  timestamp,
} from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { forbidden, internalError, StatusError } from '../api/status-error.ts';
import type { ServerDeleteOptions } from './registry/delete.ts';
import type { Registry } from './registry/registry.ts';

const budgets = podDisruptionBudgets as unknown as KindDefinition;
/** As upstream: how long a client should wait while the budget's controller has not looked yet. */
const RETRY_SECONDS = 10;
/** Upstream's. */
const MAX_DISRUPTED_PODS = 2000;

/** @throws StatusError TooManyRequests with cause DisruptionBudget; NotFound; Conflict for preconditions. */
export async function evict(
  registry: Registry,
  podKey: string,
  options: ServerDeleteOptions,
  nowMs: number,
): Promise<void> {
  const pod = registry.get(pods, podKey);
  const { uid } = pod.metadata;
  if (needsBudget(pod)) await charge(registry, pod, options.dryRun ?? false, nowMs);
  if (!options.dryRun) await markTarget(registry, podKey, uid, nowMs);
  // Granted for this pod: one of the same name that has come meanwhile is not meant.
  const preconditions = { uid, ...options.preconditions };
  await registry.delete(pods as unknown as KindDefinition, podKey, { ...options, preconditions });
}

/** https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions */
async function markTarget(registry: Registry, podKey: string, uid: string, nowMs: number): Promise<void> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  } as const;
  const change = (current: KubeObject) => {
    const pod = current as Pod;
    if (pod.metadata.uid !== uid) return current;
    const conditions = withCondition(pod.status?.conditions, condition, nowMs);
    return { ...structuredClone(pod), status: { ...pod.status, conditions } } as KubeObject;
  };
  await registry.update(pods as unknown as KindDefinition, podKey, change, { scope: 'status' });
}

/** Nobody misses a pod that has ended, has not begun or is on its way out. */
function needsBudget({ status, metadata }: Pod): boolean {
  const phase = status?.phase ?? 'Pending';
  return !['Pending', 'Succeeded', 'Failed'].includes(phase) && metadata.deletionTimestamp === undefined;
}

async function charge(registry: Registry, pod: Pod, dryRun: boolean, nowMs: number): Promise<void> {
  const { namespace = '', labels } = pod.metadata;
  const { items } = registry.list(budgets, { namespace });
  const matching = (items as unknown as PodDisruptionBudget[]).filter(({ spec }) => {
    const selector = selectorFromObject(spec?.selector);
    return selector !== undefined && matchesLabels(selector, labels);
  });
  const [budget, ...more] = matching;
  if (!budget) return;
  if (more.length > 0) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const isReady = isConditionTrue(pod.status?.conditions, 'Ready');
  if (!isReady && toleratesUnready(budget)) return;
  const change = (current: KubeObject) => spent(current as unknown as PodDisruptionBudget, pod, nowMs);
  await registry.update(budgets, keyOf(budget), change, { scope: 'status', dryRun });
}

/** As upstream: an unready pod may go where the healthy ones suffice, or where the budget says so. */
function toleratesUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function spent(current: PodDisruptionBudget, pod: Pod, nowMs: number): KubeObject {
  const { name, generation = 0 } = current.metadata;
  const status = current.status;
  if (!status || (status.observedGeneration ?? 0) < generation) {
    const why = `The disruption budget ${name} is still being processed by the server.`;
    throw refused(why, RETRY_SECONDS);
  }
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden({ group: 'policy', kind: 'poddisruptionbudget', name }, why);
  }
  if (status.disruptionsAllowed <= 0) throw refused(whyNone(name, status));
  const disruptionsAllowed = status.disruptionsAllowed - 1;
  const conditions = allowedConditions(status, disruptionsAllowed, status.observedGeneration ?? 0, nowMs);
  const next: policy.PodDisruptionBudgetStatus = {
    ...status,
    disruptionsAllowed,
    ...(disruptionsAllowed === 0 ? { conditions } : {}),
    disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: timestamp(nowMs) },
  };
  return { ...structuredClone(current), status: next } as unknown as KubeObject;
}

/** Figures of a budget whose controller has failed are not to be trusted: then that is told. */
function whyNone(name: string, status: policy.PodDisruptionBudgetStatus): string {
  const { currentHealthy, desiredHealthy, conditions } = status;
  const told = findCondition(conditions, 'DisruptionAllowed');
  const why = told?.status === 'False' ? told.message : undefined;
  const head = `The disruption budget ${name}`;
  if (why && told?.reason === 'SyncFailed') {
    return `${head} does not allow evicting pods currently because it failed sync: ${why}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `${head} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return `${head} does not allow evicting pods currently${why ? ` (${told?.reason}): ${why}` : ''}`;
}

function refused(message: string, retryAfterSeconds?: number): StatusError {
  const cause = { reason: 'DisruptionBudget', message };
  const why = "Cannot evict pod as it would violate the pod's disruption budget.";
  const details = { causes: [cause], ...(retryAfterSeconds ? { retryAfterSeconds } : {}) };
  return new StatusError(429, 'TooManyRequests', why, details);
}
