// The status of an autoscaler under way: conditions set one by one as upstream sets them, and what is shown at last.
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions
import { isConditionTrue, withCondition } from '../../api/conditions.ts';
import { type autoscaling, type HorizontalPodAutoscaler, timestamp } from '../../api/objects.ts';
import type { Reason } from './scaling-limits.ts';

type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited' | 'ScaledToZero';
type Conditions = autoscaling.HorizontalPodAutoscalerCondition[];

export interface Figures {
  currentReplicas: number;
  desiredReplicas: number;
  metrics: readonly (autoscaling.MetricStatus | undefined)[];
  isRescaled: boolean;
}

const toZero: Reason = {
  reason: 'ScaledToZero',
  message: 'the HPA controller scaled the workload to zero',
};
const notToZero: Reason = {
  reason: 'NotScaledToZero',
  message: 'the HPA controller did not scale the workload to zero',
};

export class AutoscalerStatus {
  readonly #before: autoscaling.HorizontalPodAutoscalerStatus | undefined;
  readonly #nowMs: number;
  #conditions: Conditions;

  constructor({ status }: HorizontalPodAutoscaler, nowMs: number) {
    this.#before = status;
    this.#nowMs = nowMs;
    this.#conditions = [...(status?.conditions ?? [])];
  }

  set(type: ConditionType, status: 'True' | 'False', { reason, message }: Reason): void {
    const condition = { type, status, reason, message };
    this.#conditions = withCondition(this.#conditions, condition, this.#nowMs);
  }

  /** Conditions alone have changed: nothing was learnt of the target. */
  unchanged(): autoscaling.HorizontalPodAutoscalerStatus {
    return { desiredReplicas: 0, ...this.#before, conditions: this.#conditions };
  }

  /** Metrics that failed keep their place, as upstream: columns are told by position. */
  with({ currentReplicas, desiredReplicas, metrics, isRescaled }: Figures) {
    const lastScaleTime = isRescaled ? timestamp(this.#nowMs) : this.#before?.lastScaleTime;
    const currentMetrics = metrics.map((metric) => metric ?? { type: '' });
    const hasMetrics = metrics.some((metric) => metric !== undefined);
    return {
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      currentReplicas,
      desiredReplicas,
      ...(hasMetrics ? { currentMetrics } : {}),
      conditions: this.#conditions,
    };
  }

  /** It was at zero by its own decision, and not by somebody else's. */
  get isScaledToZero(): boolean {
    return isConditionTrue(this.#conditions, 'ScaledToZero');
  }

  /** Said only of those that were at zero once: upstream, where the feature is on, says it of all. */
  rescaled(isToZero: boolean): void {
    const isKnown = this.#conditions.some(({ type }) => type === 'ScaledToZero');
    if (isToZero) this.set('ScaledToZero', 'True', toZero);
    else if (isKnown) this.set('ScaledToZero', 'False', notToZero);
  }

  get desiredBefore(): number {
    return this.#before?.desiredReplicas ?? 0;
  }
}
