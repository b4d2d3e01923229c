// A pod that was to be disrupted and is still wanted two minutes later was not: its condition DisruptionTarget is taken
// back. No timer runs while no pod has one. Source: pkg/controller/disruption syncStalePodDisruption
import { findCondition, isConditionTrue, observing } from '../api/conditions.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod, timestamp } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

const TYPE = 'DisruptionTarget';
/** Upstream's stalePodDisruptionTimeout. */
const STALE_AFTER_MS = 120_000;

/** Milliseconds until the condition is stale, 0 once it is; `undefined` = it stands. */
export function staleInMs({ metadata, status }: Pod, nowMs: number): number | undefined {
  const condition = findCondition(status?.conditions, TYPE);
  if (condition?.status !== 'True' || metadata.deletionTimestamp) return undefined;
  // A board may take any time between saying so and ending the pod.
  if (condition.reason === 'TerminationByKubelet') return undefined;
  const sinceMs = Date.parse(condition.lastTransitionTime ?? '') || nowMs;
  return Math.max(0, sinceMs + STALE_AFTER_MS - nowMs);
}

export class StaleDisruptionController implements Component {
  readonly #options: ControllerOptions;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#pods = options.informers.for(pods);
    this.#controller = new Controller('stale-disruption', (key) => this.#reconcile(key), options);
    const look = (pod: Pod) => {
      if (isConditionTrue(pod.status?.conditions, TYPE)) this.#controller.enqueue(keyOf(pod));
    };
    this.#controller.follows(this.#pods, { onAdd: look, onUpdate: look });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.lister.get(key);
    if (!pod || isFinished(pod)) return undefined;
    const nowMs = this.#options.clock.now();
    const waitMs = staleInMs(pod, nowMs);
    if (waitMs === undefined) return undefined;
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    await this.#reset(pod, nowMs);
    return undefined;
  }

  async #reset(pod: Pod, nowMs: number): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    const lastTransitionTime = timestamp(nowMs);
    const reset = { type: TYPE, status: 'False', reason: null, message: null, lastTransitionTime };
    const conditions = [{ ...reset, ...observing(pod) }];
    const body = { metadata: { uid, resourceVersion }, status: { conditions } };
    try {
      await this.#options.client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
    } catch (error) {
      // Whoever changed it meanwhile has brought us here again.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
