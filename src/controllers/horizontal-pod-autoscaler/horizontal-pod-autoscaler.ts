// Keeps the replicas of what a HorizontalPodAutoscaler names where its metrics want them: looks when its spec changes
// and every sync period, and has no timer at all while there is none.
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
import { isDeepStrictEqual } from 'node:util';
import { horizontalPodAutoscalers } from '../../api/kinds/horizontal-pod-autoscaler.ts';
import { pods } from '../../api/kinds/pod.ts';
import { matchesLabels, parseLabelSelector } from '../../api/label-selector.ts';
import { type HorizontalPodAutoscaler, keyOf, type Pod, splitKey } from '../../api/objects.ts';
import type { CustomKindSource } from '../../api/served-kinds.ts';
import { isNotFound } from '../../api/status-error.ts';
import type { Component } from '../../base/component.ts';
import type { ReconcileResult } from '../../client/controller-runner.ts';
import type { Informer } from '../../client/informer.ts';
import { Controller } from '../controller.ts';
import type { ControllerOptions } from '../controller-options.ts';
import type { CustomMetricSource } from './metric-reader.ts';
import { ScalingMemory } from './scaling-memory.ts';

export interface AutoscalerOptions extends ControllerOptions {
  customKinds?: CustomKindSource | undefined;
  /** What applications publish of themselves; Pods and Object metrics fail without it. */
  customMetrics?: CustomMetricSource | undefined;
  /** `--horizontal-pod-autoscaler-sync-period`. */
  syncPeriodMs?: number | undefined;
}

const DEFAULT_SYNC_PERIOD_MS = 30_000;

export class HorizontalPodAutoscalerController implements Component {
  readonly #options: AutoscalerOptions;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  readonly #memory = new ScalingMemory();
  /** What each selects, as of its last look. */
  readonly #selectors = new Map<string, string>();

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#autoscalers = options.informers.for(horizontalPodAutoscalers);
    this.#pods = options.informers.for(pods);
    this.#controller = new Controller('horizontal-pod-autoscaler', (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#autoscalers, {
      onAdd: (autoscaler) => this.#controller.enqueue(keyOf(autoscaler)),
      onUpdate: (autoscaler, previous) => {
        // Its status is our own word.
        if (!isDeepStrictEqual(autoscaler.spec, previous.spec)) this.#controller.enqueue(keyOf(autoscaler));
      },
      onDelete: (autoscaler) => this.#forget(keyOf(autoscaler)),
    });
    this.#controller.follows(this.#pods, {});
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #forget(key: string): void {
    this.#memory.forget(key);
    this.#selectors.delete(key);
  }

  /** Errors of metrics and targets are told in the status; what is thrown is tried again sooner. */
  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const autoscaler = this.#autoscalers.lister.get(key);
    if (!autoscaler || autoscaler.metadata.deletionTimestamp) return undefined;
    const { look } = await import('./look.ts');
    const { client, customKinds, customMetrics, recorder, clock } = this.#options;
    const status = await look(
      {
        client,
        pods: this.#pods,
        customKinds,
        customMetrics,
        memory: this.#memory,
        recorder,
        rivals: (own, pod) => this.#rivals(own, pod),
        selects: (own, selector) => this.#selectors.set(own, selector),
        nowMs: clock.now(),
        monotonicMs: clock.monotonicMs(),
      },
      autoscaler,
    );
    if (!isDeepStrictEqual(status, autoscaler.status)) await this.#write(autoscaler, status);
    return { requeueAfterMs: this.#options.syncPeriodMs ?? DEFAULT_SYNC_PERIOD_MS };
  }

  async #write(
    autoscaler: HorizontalPodAutoscaler,
    status: HorizontalPodAutoscaler['status'],
  ): Promise<void> {
    const { resourceVersion: _seen, ...metadata } = autoscaler.metadata;
    const next = { ...autoscaler, metadata, ...(status ? { status } : {}) } as HorizontalPodAutoscaler;
    try {
      await this.#options.client.updateStatus(horizontalPodAutoscalers, next);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #rivals(own: string, pod: Pod): string[] {
    const { namespace } = splitKey(own);
    return [...this.#selectors]
      .filter(([key, selector]) => {
        const isOther = key !== own && splitKey(key).namespace === namespace;
        return isOther && matchesLabels(parseLabelSelector(selector), pod.metadata.labels);
      })
      .map(([key]) => key);
  }
}
