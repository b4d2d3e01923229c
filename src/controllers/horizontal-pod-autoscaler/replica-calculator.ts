// How many replicas a metric asks for. Pure; amounts are in thousandths (millicores, millibytes). What is not known
// is assumed to speak against the change: a pod without figures uses all when shrinking and nothing when growing.
// Source: pkg/controller/podautoscaler/replica_calculator.go ·
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
import { findCondition } from '../../api/conditions.ts';
import type { autoscaling, Pod } from '../../api/objects.ts';
import { milliValue, tryParseQuantity } from '../../api/quantity.ts';
import { isReady } from '../pod-state.ts';

export interface PodMetric {
  milli: number;
  /** End of the window, milliseconds since the epoch. */
  atMs: number;
  windowMs: number;
}

/** By the pod's name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

export interface Proposal {
  replicas: number;
  /** Mean over the pods that were counted. */
  averageMilli: number;
  /** Of the requests, in percent. */
  utilization?: number;
}

/** No replica count can be computed; the message is shown to people. */
export class MetricsError extends Error {}

/** How far from 1 the ratio of use to target may be, either way, before anything changes. */
export interface Tolerances {
  shrink: number;
  grow: number;
}

/** `--horizontal-pod-autoscaler-tolerance`. */
const TOLERANCE = 0.1;
const usual: Tolerances = { shrink: TOLERANCE, grow: TOLERANCE };

type Rules = autoscaling.HPAScalingRules & { tolerance?: string };

/** Of `behavior`, each way the usual one unless said. */
export function tolerancesOf(behavior: autoscaling.HorizontalPodAutoscalerBehavior | undefined): Tolerances {
  const toleranceOf = (rules: Rules | undefined) => {
    const said = tryParseQuantity(rules?.tolerance ?? '');
    return said ? milliValue(said) / 1000 : TOLERANCE;
  };
  return { shrink: toleranceOf(behavior?.scaleDown), grow: toleranceOf(behavior?.scaleUp) };
}

/** `--horizontal-pod-autoscaler-cpu-initialization-period` and `…-initial-readiness-delay`. */
const CPU_INITIALIZATION_MS = 300_000;
const INITIAL_READINESS_MS = 30_000;

const isTolerated = (ratio: number, { shrink, grow }: Tolerances): boolean =>
  ratio >= 1 - shrink - 1e-9 && ratio <= 1 + grow + 1e-9;

export interface PodGroups {
  readyCount: number;
  unready: Set<string>;
  missing: Set<string>;
  ignored: Set<string>;
}

/** `isCpu`: a pod that is still starting uses more than it will. */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetrics,
  isCpu: boolean,
  nowMs: number,
): PodGroups {
  const groups: PodGroups = { readyCount: 0, unready: new Set(), missing: new Set(), ignored: new Set() };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp || pod.status?.phase === 'Failed') groups.ignored.add(name);
    else if (pod.status?.phase === 'Pending') groups.unready.add(name);
    else if (!metric) groups.missing.add(name);
    else if (isCpu && isStarting(pod, metric, nowMs)) groups.unready.add(name);
    else groups.readyCount += 1;
  }
  return groups;
}

function isStarting(pod: Pod, metric: PodMetric, nowMs: number): boolean {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  const startMs = Date.parse(pod.status?.startTime ?? '');
  if (!ready || Number.isNaN(startMs)) return true;
  const changedMs = Date.parse(ready.lastTransitionTime ?? '') || 0;
  const isUnready = ready.status === 'False';
  // A start that has not come is of a clock that was wrong.
  const isYoung = startMs + CPU_INITIALIZATION_MS > nowMs && startMs <= nowMs + CPU_INITIALIZATION_MS;
  if (isYoung) return isUnready || metric.atMs < changedMs + metric.windowMs;
  // It was never ready: what it does now says nothing of what it will do.
  return isUnready && startMs + INITIAL_READINESS_MS > changedMs;
}

export interface PodsQuestion {
  currentReplicas: number;
  pods: readonly Pod[];
  metrics: PodMetrics;
  isCpu: boolean;
  nowMs: number;
  tolerances?: Tolerances;
}

interface Ratio {
  ratio: number;
  averageMilli: number;
  utilization?: number;
}

interface Target {
  ratioOf(milli: ReadonlyMap<string, number>): Ratio;
  /** What a pod without figures counts as when shrinking. */
  assumedWhenShrinking(pod: string): number;
}

/** Against a share of the requests, in percent; these, by the pod's name, are asked for once there are figures. */
export function utilizationReplicas(
  question: PodsQuestion,
  readRequests: () => ReadonlyMap<string, number>,
  targetPercent: number,
): Proposal {
  let known: ReadonlyMap<string, number> | undefined;
  const requests = () => {
    known ??= readRequests();
    return known;
  };
  return podsReplicas(question, {
    ratioOf: (milli) => utilizationRatio(milli, requests(), targetPercent),
    assumedWhenShrinking: (pod) => ((requests().get(pod) ?? 0) * Math.max(100, targetPercent)) / 100,
  });
}

/** Against an amount for each pod. */
export function averageReplicas(question: PodsQuestion, targetMilli: number): Proposal {
  return podsReplicas(question, {
    ratioOf: (milli) => averageRatio(milli, targetMilli),
    assumedWhenShrinking: () => targetMilli,
  });
}

function utilizationRatio(
  milli: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  targetPercent: number,
): Ratio {
  const counted = [...milli].filter(([pod]) => requests.has(pod));
  const used = counted.reduce((sum, [, value]) => sum + value, 0);
  const requested = counted.reduce((sum, [pod]) => sum + (requests.get(pod) ?? 0), 0);
  if (requested === 0) throw new MetricsError('no metrics returned matched known pods');
  const utilization = Math.trunc((used * 100) / requested);
  return {
    ratio: utilization / targetPercent,
    utilization,
    averageMilli: Math.trunc(used / counted.length),
  };
}

function averageRatio(milli: ReadonlyMap<string, number>, targetMilli: number): Ratio {
  const used = [...milli.values()].reduce((sum, value) => sum + value, 0);
  const averageMilli = Math.trunc(used / milli.size);
  return { ratio: averageMilli / targetMilli, averageMilli };
}

function podsReplicas(question: PodsQuestion, target: Target): Proposal {
  const { currentReplicas, pods, metrics, isCpu, nowMs, tolerances = usual } = question;
  if (pods.length === 0) {
    throw new MetricsError('no pods returned by selector while calculating replica count');
  }
  const groups = groupPods(pods, metrics, isCpu, nowMs);
  const counted = new Map(
    [...metrics]
      .filter(([pod]) => !groups.ignored.has(pod) && !groups.unready.has(pod))
      .map(([pod, { milli }]) => [pod, milli]),
  );
  if (counted.size === 0) {
    throw new MetricsError('did not receive metrics for targeted pods (pods might be unready)');
  }
  const first = target.ratioOf(counted);
  const growsWithUnready = groups.unready.size > 0 && first.ratio > 1;
  const { ratio, ...seen } = first;
  if (!growsWithUnready && groups.missing.size === 0) {
    const replicas = isTolerated(ratio, tolerances)
      ? currentReplicas
      : wholeReplicas(ratio * groups.readyCount);
    return { replicas, ...seen };
  }
  assume(counted, groups, growsWithUnready, ratio, target);
  const assumed = target.ratioOf(counted).ratio;
  const isStill = isTolerated(assumed, tolerances);
  const replicas = isStill ? currentReplicas : cautiously(currentReplicas, ratio, assumed, counted.size);
  return { replicas, ...seen };
}

/** Fills in what is not known, against the direction in which `ratio` points. */
function assume(
  counted: Map<string, number>,
  { missing, unready }: PodGroups,
  growsWithUnready: boolean,
  ratio: number,
  target: Target,
): void {
  for (const pod of missing) {
    if (ratio < 1) counted.set(pod, target.assumedWhenShrinking(pod));
    else if (ratio > 1) counted.set(pod, 0);
  }
  if (growsWithUnready) for (const pod of unready) counted.set(pod, 0);
}

/** No change when the assumptions turn it round, or take it back. */
function cautiously(currentReplicas: number, ratio: number, assumed: number, podCount: number): number {
  const isTurned = (ratio < 1 && assumed > 1) || (ratio > 1 && assumed < 1);
  if (isTurned) return currentReplicas;
  const replicas = wholeReplicas(assumed * podCount);
  const isOpposite =
    (assumed < 1 && replicas > currentReplicas) || (assumed > 1 && replicas < currentReplicas);
  return isOpposite ? currentReplicas : replicas;
}

/** One value for all replicas against one target: Object and External metrics. @throws MetricsError without pods. */
export function valueReplicas(
  currentReplicas: number,
  pods: readonly Pod[],
  ratio: number,
  tolerances: Tolerances = usual,
): number {
  if (currentReplicas === 0) return wholeReplicas(ratio);
  if (isTolerated(ratio, tolerances)) return currentReplicas;
  if (pods.length > 0) return wholeReplicas(ratio * pods.filter(isReady).length);
  throw new MetricsError(
    'unable to calculate ready pods: no pods returned by selector while calculating replica count',
  );
}

/** One value shared by all replicas; the mean that people are shown comes with it. */
export function sharedReplicas(
  statusReplicas: number,
  valueMilli: number,
  targetMilli: number,
  tolerances: Tolerances = usual,
): Proposal {
  const ratio = valueMilli / (targetMilli * statusReplicas);
  const replicas = isTolerated(ratio, tolerances) ? statusReplicas : wholeReplicas(valueMilli / targetMilli);
  const averageMilli = statusReplicas === 0 ? 0 : Math.ceil(valueMilli / statusReplicas);
  return { replicas, averageMilli };
}

/** Up to the next whole one; what binary fractions add in the last places is no replica. */
const wholeReplicas = (count: number): number => Math.max(0, Math.ceil(count - 1e-9));
