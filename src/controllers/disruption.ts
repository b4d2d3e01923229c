// Keeps the status of each PodDisruptionBudget, from which the eviction subresource grants: what it allows is never
// more than its pods can bear. https://kubernetes.io/docs/tasks/run-application/configure-pdb/
import { findCondition } from '../api/conditions.ts';
import { pods } from '../api/kinds/pod.ts';
import { podDisruptionBudgets } from '../api/kinds/pod-disruption-budget.ts';
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import { labelSelectorText } from '../api/label-selector-text.ts';
import { type KubeObject, keyOf, type Pod, type PodDisruptionBudget } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import {
  type BudgetStatus,
  decideBudget,
  failedStatus,
  needsScale,
  sameBudgetStatus,
} from './disruption-decision.ts';
import { DisruptionScale } from './disruption-scale.ts';
import { controllerOf, isReady } from './pod-state.ts';

const COMPONENT = 'controllermanager';

export class DisruptionController implements Component {
  readonly #options: ControllerOptions;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #scale: DisruptionScale;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#budgets = options.informers.for(podDisruptionBudgets);
    this.#pods = options.informers.for(pods);
    this.#scale = new DisruptionScale(options.informers);
    this.#controller = new Controller('disruption', (key) => this.#reconcile(key), options);
    this.#controller.follows(
      this.#budgets,
      onAnyChange((budget) => this.#controller.enqueue(keyOf(budget))),
    );
    this.#controller.follows(
      this.#pods,
      onAnyChange((pod, previous) => this.#podChanged(pod, previous)),
    );
    for (const informer of this.#scale.informers) {
      this.#controller.follows(informer, {
        onAdd: (owner) => this.#ownerAppeared(owner),
        onUpdate: (owner, previous) => this.#ownerChanged(owner, previous),
      });
    }
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #podChanged(pod: Pod, previous: Pod | undefined): void {
    if (previous && facts(pod) === facts(previous)) return;
    for (const budget of this.#budgets.lister.inNamespace(pod.metadata.namespace ?? '')) {
      if (selects(budget, pod) || (previous && selects(budget, previous))) {
        this.#controller.enqueue(keyOf(budget));
      }
    }
  }

  /** Its number of pods may stand long before the pods do. */
  #ownerChanged(owner: KubeObject, previous: KubeObject): void {
    if (owner.metadata.generation === previous.metadata.generation) return;
    for (const budget of this.#budgets.lister.inNamespace(owner.metadata.namespace ?? '')) {
      if (needsScale(budget)) this.#controller.enqueue(keyOf(budget));
    }
  }

  /** It may be the one that was missed. */
  #ownerAppeared({ metadata }: KubeObject): void {
    for (const budget of this.#budgets.lister.inNamespace(metadata.namespace ?? '')) {
      const told = findCondition(budget.status?.conditions, 'DisruptionAllowed');
      if (told?.reason === 'SyncFailed') this.#controller.enqueue(keyOf(budget));
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const budget = this.#budgets.lister.get(key);
    if (!budget || budget.metadata.deletionTimestamp) return undefined;
    const selected = this.#pods.lister
      .inNamespace(budget.metadata.namespace ?? '')
      .filter((pod) => selects(budget, pod));
    if (selected.length === 0) this.#tell(budget, 'Normal', 'NoPods', 'No matching pods found');
    const nowMs = this.#options.clock.now();
    const scale = this.#scaleOf(budget, selected);
    if (typeof scale === 'string') {
      await this.#write(budget, failedStatus(budget, scale, nowMs));
      return undefined;
    }
    const { status, notDeleted, lookAgainInMs } = decideBudget(budget, selected, scale, nowMs);
    for (const pod of notDeleted) {
      this.#tell(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${key} to be deleted but it wasn't`);
    }
    await this.#write(budget, status);
    return lookAgainInMs === undefined ? undefined : { requeueAfterMs: lookAgainInMs };
  }

  /** Pods that should be there, or why that cannot be said. */
  #scaleOf(budget: PodDisruptionBudget, selected: readonly Pod[]): number | string {
    if (!needsScale(budget)) return selected.length;
    try {
      const { scale, unmanaged } = this.#scale.of(selected);
      if (unmanaged.length > 0) this.#tell(budget, 'Warning', 'UnmanagedPods', unmanagedMessage(budget));
      return scale;
    } catch (error) {
      const why = messageOf(error);
      const message = `Failed to calculate the number of expected pods: ${why}`;
      this.#tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      return why;
    }
  }

  /** The revision guards what an eviction has charged meanwhile: a conflict is looked at again. */
  async #write(budget: PodDisruptionBudget, status: BudgetStatus): Promise<void> {
    if (sameBudgetStatus(budget.status, status)) return;
    try {
      await this.#options.client.updateStatus(podDisruptionBudgets, { ...budget, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #tell(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object, type, reason, message, component: COMPONENT });
  }
}

/** As policy/v1: an empty selector selects all, a missing one nothing. */
function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  const selector = selectorFromObject(spec.selector);
  return selector !== undefined && matchesLabels(selector, pod.metadata.labels);
}

/** All that a budget sees of a pod. */
function facts(pod: Pod): string {
  const { labels, deletionTimestamp, uid } = pod.metadata;
  return JSON.stringify([uid, labels, deletionTimestamp, isReady(pod), controllerOf(pod)?.uid]);
}

function unmanagedMessage({ spec }: PodDisruptionBudget): string {
  const selector = labelSelectorText(spec.selector);
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the ` +
    'status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these ' +
    'pods please set ".spec.minAvailable" field of the PDB to an integer value.'
  );
}
