// Pods: born Pending with their QoS class, tolerating a lost board for a few seconds only, and leaving with grace.
import type { core, Pod } from '../../api/objects.ts';
import { isFinished } from '../../api/pod-phase.ts';
import { qosClass } from '../../api/qos-class.ts';
import { NOT_READY_TAINT, UNREACHABLE_TAINT } from '../../api/taints.ts';
import type { Writable } from '../registry/prepare.ts';
import type { Strategy } from '../registry/strategy.ts';
import { applyLabelKeys } from './label-keys.ts';

/**
 * Upstream's DefaultTolerationSeconds gives 300 s. A cluster of small boards wants its pods back sooner: with 5 s
 * a pod of a board whose cable was pulled is replaced within 15 s (NotReady after at most 10). A pod that names
 * its own tolerations keeps them.
 */
const DEFAULT_TOLERATION_SECONDS = 5;

/** How long pods that say nothing of it stay on a lost board. */
export interface DefaultTolerations {
  /** --default-not-ready-toleration-seconds */
  notReadySeconds?: number | undefined;
  /** --default-unreachable-toleration-seconds */
  unreachableSeconds?: number | undefined;
}

const DEFAULT_GRACE_SECONDS = 30;

/** As upstream, which writes no time here. */
const GATED: core.PodCondition = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

export class PodStrategy implements Strategy<Pod> {
  readonly #secondsByTaint: readonly (readonly [taintKey: string, seconds: number])[];

  constructor({ notReadySeconds, unreachableSeconds }: DefaultTolerations = {}) {
    this.#secondsByTaint = [
      [NOT_READY_TAINT, notReadySeconds ?? DEFAULT_TOLERATION_SECONDS],
      [UNREACHABLE_TAINT, unreachableSeconds ?? DEFAULT_TOLERATION_SECONDS],
    ];
  }

  prepareForCreate(next: Writable<Pod>): void {
    next.spec.tolerations = this.#withDefaults(next.spec.tolerations ?? []);
    const conditions = next.spec.schedulingGates?.length ? { conditions: [GATED] } : {};
    applyLabelKeys(next);
    next.status = { phase: 'Pending', qosClass: qosClass(next.spec), ...conditions };
  }

  /** Also of a changed pod, as upstream: a list that leaves them out is no wish to be evicted at once. */
  prepareForUpdate(next: Writable<Pod>, current: Pod): void {
    next.spec.tolerations = this.#withDefaults(next.spec.tolerations ?? []);
    // What its class gave it stays, also where whoever writes has not heard of it.
    const { priority, preemptionPolicy } = current.spec;
    if (priority !== undefined) next.spec.priority ??= priority;
    if (preemptionPolicy !== undefined) next.spec.preemptionPolicy ??= preemptionPolicy;
  }

  /** As upstream's CheckGracefulDelete: nobody has to stop what no board runs. */
  gracePeriodSeconds(object: Pod, requested: number | undefined): number {
    const { spec } = object;
    if (!spec.nodeName || isFinished(object)) return 0;
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    return seconds < 0 ? 1 : seconds;
  }

  #withDefaults(given: readonly core.Toleration[]): core.Toleration[] {
    const missing = this.#secondsByTaint.filter(
      ([key]) => !given.some((toleration) => covers(toleration, key)),
    );
    const added = missing.map(
      ([key, tolerationSeconds]) =>
        ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }) as const,
    );
    return [...given, ...added];
  }
}

function covers(toleration: core.Toleration, taintKey: string): boolean {
  const anyEffect = !toleration.effect || toleration.effect === 'NoExecute';
  return anyEffect && (toleration.key === taintKey || !toleration.key);
}
