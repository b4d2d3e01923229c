// How far one look may go: stabilisation by what was recommended of late, the rates of `spec.behavior` and the
// bounds. Pure; times are monotonic milliseconds.
// Source: pkg/controller/podautoscaler/horizontal.go normalizeDesiredReplicas… ·
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
import type { autoscaling } from '../../api/objects.ts';

export interface Dated {
  atMs: number;
  /** Replicas recommended, or by how many a rescale changed them. */
  replicas: number;
}

/** What is remembered of one autoscaler, oldest first. */
export interface ScalingHistory {
  recommendations: readonly Dated[];
  ups: readonly Dated[];
  downs: readonly Dated[];
}

export interface LimitQuestion {
  currentReplicas: number;
  desiredReplicas: number;
  minReplicas: number;
  maxReplicas: number;
  behavior: autoscaling.HorizontalPodAutoscalerBehavior | undefined;
  history: ScalingHistory;
  nowMs: number;
}

export interface Reason {
  reason: string;
  message: string;
}

export interface Limited {
  replicas: number;
  /** Of the condition AbleToScale, which is True. */
  able: Reason;
  /** Of the condition ScalingLimited. */
  limited: Reason & { status: 'True' | 'False' };
}

/** `--horizontal-pod-autoscaler-downscale-stabilization`. */
const DOWNSCALE_STABILIZATION_SECONDS = 300;

const within: Reason = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
const tooMany: Reason = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const tooFew: Reason = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const upLimit: Reason = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const downLimit: Reason = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const upStabilized: Reason = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const downStabilized: Reason = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const readyForNew: Reason = {
  reason: 'ReadyForNewScale',
  message: 'recommended size matches current size',
};

export function limitReplicas(question: LimitQuestion): Limited {
  const stabilized = question.behavior ? stabilizedByRules(question) : stabilizedDown(question);
  const isChanged = stabilized !== question.desiredReplicas;
  const isUp = question.behavior !== undefined && question.desiredReplicas >= question.currentReplicas;
  const able = isChanged ? (isUp ? upStabilized : downStabilized) : readyForNew;
  const bounded = question.behavior ? boundedByRules(question, stabilized) : bounded2x(question, stabilized);
  const status = bounded.replicas === stabilized ? 'False' : 'True';
  return { replicas: bounded.replicas, able, limited: { ...bounded.why, status } };
}

function since(dated: readonly Dated[], nowMs: number, seconds: number): number[] {
  return dated.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
}

/** Without `behavior`: only shrinking waits. */
function stabilizedDown({ desiredReplicas, history, nowMs }: LimitQuestion): number {
  const recent = since(history.recommendations, nowMs, DOWNSCALE_STABILIZATION_SECONDS);
  return Math.max(desiredReplicas, ...recent);
}

function stabilizedByRules(question: LimitQuestion): number {
  const { behavior, currentReplicas, desiredReplicas, history, nowMs } = question;
  const upSeconds = behavior?.scaleUp?.stabilizationWindowSeconds ?? 0;
  const downSeconds = behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_SECONDS;
  const lowest = Math.min(desiredReplicas, ...since(history.recommendations, nowMs, upSeconds));
  const highest = Math.max(desiredReplicas, ...since(history.recommendations, nowMs, downSeconds));
  return Math.min(Math.max(currentReplicas, lowest), highest);
}

interface Bounded {
  replicas: number;
  why: Reason;
}

/** Without `behavior`: at most the double, or 4. */
function bounded2x(question: LimitQuestion, desired: number): Bounded {
  const { currentReplicas, minReplicas, maxReplicas } = question;
  const rate = Math.max(2 * currentReplicas, 4);
  const most = Math.min(maxReplicas, rate);
  if (desired < minReplicas) return { replicas: minReplicas, why: tooFew };
  if (desired > most) return { replicas: most, why: maxReplicas > rate ? upLimit : tooMany };
  return { replicas: desired, why: within };
}

function boundedByRules(question: LimitQuestion, desired: number): Bounded {
  const { currentReplicas, minReplicas, maxReplicas } = question;
  if (desired > currentReplicas) {
    const rate = Math.max(currentReplicas, upRate(question));
    const most = Math.min(maxReplicas, rate);
    if (desired > most) return { replicas: most, why: maxReplicas > rate ? upLimit : tooMany };
  }
  if (desired < currentReplicas) {
    const rate = Math.min(currentReplicas, downRate(question));
    const least = Math.max(minReplicas, rate);
    if (desired < least) return { replicas: least, why: minReplicas < rate ? downLimit : tooFew };
  }
  return { replicas: desired, why: within };
}

/** The most replicas that the policies allow now. */
function upRate(question: LimitQuestion): number {
  const { policies = [], selectPolicy } = question.behavior?.scaleUp ?? {};
  if (selectPolicy === 'Disabled') return question.currentReplicas;
  const proposals = policies.map(({ type, value, periodSeconds }) => {
    const start = periodStart(question, periodSeconds);
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100) - 1e-9);
  });
  return selectPolicy === 'Min' ? Math.min(...proposals) : Math.max(...proposals);
}

/** The fewest replicas that the policies allow now. */
function downRate(question: LimitQuestion): number {
  const { policies = [], selectPolicy } = question.behavior?.scaleDown ?? {};
  if (selectPolicy === 'Disabled') return question.currentReplicas;
  const proposals = policies.map(({ type, value, periodSeconds }) => {
    const start = periodStart(question, periodSeconds);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100) + 1e-9);
  });
  return selectPolicy === 'Min' ? Math.max(...proposals) : Math.min(...proposals);
}

/** How many there were when the policy's period began. */
function periodStart({ currentReplicas, history, nowMs }: LimitQuestion, periodSeconds: number): number {
  const sum = (dated: readonly Dated[]) =>
    since(dated, nowMs, periodSeconds).reduce((total, replicas) => total + replicas, 0);
  return currentReplicas - sum(history.ups) + sum(history.downs);
}
