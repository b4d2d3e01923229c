// One look at one autoscaler: reads target and metrics, decides by the pure rules beside it, rescales, and gives the
// status to write. Loaded with the first autoscaler.
// Source: pkg/controller/podautoscaler/horizontal.go reconcileAutoscaler
import { matchesLabels, parseLabelSelector } from '../../api/label-selector.ts';
import type { autoscaling, HorizontalPodAutoscaler, Pod } from '../../api/objects.ts';
import { keyOf, splitKey } from '../../api/objects.ts';
import type { CustomKindSource } from '../../api/served-kinds.ts';
import { StatusError } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { EventSink } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { AutoscalerStatus } from './autoscaler-status.ts';
import { MetricFailure, type MetricProposal, metricProposal } from './metric-proposals.ts';
import type { CustomMetricSource } from './metric-reader.ts';
import { tolerancesOf } from './replica-calculator.ts';
import { type FoundTarget, findTarget, TargetError } from './scale-target.ts';
import { limitReplicas } from './scaling-limits.ts';
import type { ScalingMemory } from './scaling-memory.ts';

const AUTOSCALER_COMPONENT = 'horizontal-pod-autoscaler';

export interface LookOptions {
  client: Client;
  pods: Informer<Pod>;
  customKinds: CustomKindSource | undefined;
  customMetrics: CustomMetricSource | undefined;
  memory: ScalingMemory;
  recorder: EventSink;
  /** Keys of the other autoscalers of the namespace that select the pod. */
  rivals(key: string, pod: Pod): string[];
  /** Notes what the autoscaler selects, for `rivals` of others. */
  selects(key: string, selector: string): void;
  nowMs: number;
  monotonicMs: number;
}

type Status = autoscaling.HorizontalPodAutoscalerStatus;

export function look(options: LookOptions, autoscaler: HorizontalPodAutoscaler): Promise<Status> {
  return new Look(options, autoscaler).run();
}

/** What the metrics say together. */
interface Wanted {
  replicas: number;
  name: string;
  metrics: (autoscaling.MetricStatus | undefined)[];
}

const BELOW_MIN = 'Current number of replicas below Spec.MinReplicas';

/** A metric that is there without any pod. */
const needsNoPods = ({ spec }: HorizontalPodAutoscaler): boolean =>
  (spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External');

/** As upstream says it: nothing when what was recommended before decides. */
function reasonOf({ name, replicas }: Wanted, currentReplicas: number): string {
  if (replicas > currentReplicas) return `${name} above target`;
  return replicas < currentReplicas ? 'All metrics below target' : '';
}

/** As Go prints a name and its namespace. */
function goKey(key: string): string {
  const { namespace, name } = splitKey(key);
  return `{${name} ${namespace}}`;
}

class Look {
  readonly #options: LookOptions;
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #key: string;
  readonly #status: AutoscalerStatus;

  constructor(options: LookOptions, autoscaler: HorizontalPodAutoscaler) {
    this.#options = options;
    this.#autoscaler = autoscaler;
    this.#key = keyOf(autoscaler);
    this.#status = new AutoscalerStatus(autoscaler, options.nowMs);
  }

  async run(): Promise<Status> {
    const target = await this.#target();
    if (!target) return this.#status.unchanged();
    const { memory, monotonicMs } = this.#options;
    memory.historyOf(this.#key, target.specReplicas, monotonicMs);
    const { minReplicas = 1, maxReplicas } = this.#autoscaler.spec;
    const current = target.specReplicas;
    if (current === 0)
      return this.#mayWake(minReplicas) ? this.#byMetrics(target, minReplicas) : this.#disabled();
    if (current > maxReplicas) {
      return this.#rescale(target, maxReplicas, 'Current number of replicas above Spec.MaxReplicas', []);
    }
    if (current < minReplicas) {
      return this.#rescale(target, minReplicas, BELOW_MIN, []);
    }
    return this.#byMetrics(target, minReplicas);
  }

  async #target(): Promise<FoundTarget | undefined> {
    const { client, customKinds } = this.#options;
    try {
      const target = await findTarget(client, customKinds, this.#autoscaler);
      const message = "the HPA controller was able to get the target's current scale";
      this.#status.set('AbleToScale', 'True', { reason: 'SucceededGetScale', message });
      return target;
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      this.#warn('FailedGetScale', error.message);
      const message = `the HPA controller was unable to get the target's current scale: ${error.message}`;
      this.#status.set('AbleToScale', 'False', { reason: 'FailedGetScale', message });
      return undefined;
    }
  }

  /** Whom somebody else has scaled to zero stays there; who is there by its metrics is woken by those that can tell. */
  #mayWake(minReplicas: number): boolean {
    return this.#status.isScaledToZero && (minReplicas !== 0 || needsNoPods(this.#autoscaler));
  }

  #disabled(): Status {
    const message = 'scaling is disabled since the replica count of the target is zero';
    this.#status.set('ScalingActive', 'False', { reason: 'ScalingDisabled', message });
    return this.#status.with({ currentReplicas: 0, desiredReplicas: 0, metrics: [], isRescaled: false });
  }

  async #byMetrics(target: FoundTarget, minReplicas: number): Promise<Status> {
    const { memory, monotonicMs: nowMs } = this.#options;
    const { maxReplicas, behavior } = this.#autoscaler.spec;
    const currentReplicas = target.specReplicas;
    const wanted = await this.#wanted(target);
    if (wanted.replicas < 0) return this.#kept(currentReplicas, wanted.metrics);
    const history = memory.historyOf(this.#key, currentReplicas, nowMs);
    const bounds = { currentReplicas, minReplicas, maxReplicas };
    const question = { ...bounds, desiredReplicas: wanted.replicas, behavior, history, nowMs };
    const limited = limitReplicas(question);
    memory.recommended(this.#key, wanted.replicas, nowMs);
    this.#status.set('AbleToScale', 'True', limited.able);
    this.#status.set('ScalingLimited', limited.limited.status, limited.limited);
    const isRaised = currentReplicas === 0 && limited.replicas < minReplicas;
    const replicas = isRaised ? minReplicas : limited.replicas;
    const why = reasonOf(wanted, currentReplicas) || (isRaised ? BELOW_MIN : '');
    if (replicas !== currentReplicas) return this.#rescale(target, replicas, why, wanted.metrics);
    const { metrics } = wanted;
    return this.#status.with({
      currentReplicas,
      desiredReplicas: currentReplicas,
      metrics,
      isRescaled: false,
    });
  }

  /** Nothing could be computed: what was wanted stays. */
  #kept(currentReplicas: number, metrics: Wanted['metrics']): Status {
    const desiredReplicas = this.#status.desiredBefore;
    return this.#status.with({ currentReplicas, desiredReplicas, metrics, isRescaled: false });
  }

  /** The most that any metric asks for; -1 when that cannot be told. */
  async #wanted(target: FoundTarget): Promise<Wanted> {
    const selected = this.#selected(target);
    if (!selected) return { replicas: -1, name: '', metrics: [] };
    const specs = this.#autoscaler.spec.metrics ?? [];
    const results = await this.#propose(target, selected, specs);
    const failures = results.filter((result) => result instanceof MetricFailure);
    const proposals = results.filter((result) => 'status' in result);
    const most = proposals.reduce<MetricProposal | undefined>(
      (best, next) => (!best || next.replicas > best.replicas ? next : best),
      undefined,
    );
    const metrics = results.map((result) => (result instanceof MetricFailure ? undefined : result.status));
    const [first] = failures;
    // With a metric that failed growing is safe, shrinking is not.
    if (!most || (first && most.replicas < target.specReplicas)) {
      this.#failed(first, failures.length, specs.length);
      return { replicas: -1, name: '', metrics };
    }
    const message = `the HPA was able to successfully calculate a replica count from ${most.name}`;
    this.#status.set('ScalingActive', 'True', { reason: 'ValidMetricFound', message });
    return { replicas: most.replicas, name: most.name, metrics };
  }

  async #propose(
    target: FoundTarget,
    selected: readonly Pod[],
    specs: readonly autoscaling.MetricSpec[],
  ): Promise<(MetricProposal | MetricFailure)[]> {
    const { client, customMetrics: custom, nowMs } = this.#options;
    const namespace = this.#autoscaler.metadata.namespace ?? '';
    const tolerances = tolerancesOf(this.#autoscaler.spec.behavior);
    const context = { client, custom, nowMs, tolerances, target: { ...target, namespace, pods: selected } };
    const results: (MetricProposal | MetricFailure)[] = [];
    for (const spec of specs) {
      const result = await metricProposal(context, spec).catch((error: unknown) => {
        if (error instanceof MetricFailure) return error;
        throw error;
      });
      if (result instanceof MetricFailure) this.#warn(result.reason, result.message);
      results.push(result);
    }
    return results;
  }

  #failed(first: MetricFailure | undefined, failed: number, all: number): void {
    if (!first) return;
    const { reason, message } = first;
    const why = { reason, message: `the HPA was unable to compute the replica count: ${message}` };
    this.#status.set('ScalingActive', 'False', why);
    this.#warn(
      'FailedComputeMetricsReplicas',
      `invalid metrics (${failed} invalid out of ${all}), first error is: ${first.summary}: ${message}`,
    );
  }

  /** The pods that the target selects; `undefined` when that says nothing, or more than it may. */
  #selected({ selector }: FoundTarget): Pod[] | undefined {
    if (selector === '') {
      this.#inactive('SelectorRequired', 'selector is required', {
        reason: 'InvalidSelector',
        message: "the HPA target's scale is missing a selector",
      });
      return undefined;
    }
    const requirements = this.#parsed(selector);
    if (!requirements) return undefined;
    this.#options.selects(this.#key, selector);
    const namespace = this.#autoscaler.metadata.namespace ?? '';
    const all = this.#options.pods.lister.inNamespace(namespace);
    const selected = all.filter(({ metadata }) => matchesLabels(requirements, metadata.labels));
    const rivals = new Set(selected.flatMap((pod) => this.#options.rivals(this.#key, pod)));
    if (rivals.size === 0) return selected;
    const autoscalers = [this.#key, ...rivals].sort().map(goKey);
    const message = `pods by selector ${selector} are controlled by multiple HPAs: [${autoscalers.join(' ')}]`;
    this.#inactive('AmbiguousSelector', message, { reason: 'AmbiguousSelector', message });
    return undefined;
  }

  #parsed(selector: string): ReturnType<typeof parseLabelSelector> | undefined {
    try {
      return parseLabelSelector(selector);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const message = `couldn't convert selector into a corresponding internal selector object: ${error.message}`;
      this.#inactive('InvalidSelector', message, { reason: 'InvalidSelector', message });
      return undefined;
    }
  }

  #inactive(eventReason: string, message: string, why: { reason: string; message: string }): void {
    this.#warn(eventReason, message);
    this.#status.set('ScalingActive', 'False', why);
    this.#warn('FailedComputeMetricsReplicas', message);
  }

  async #rescale(
    target: FoundTarget,
    desiredReplicas: number,
    why: string,
    metrics: Wanted['metrics'],
  ): Promise<Status> {
    const { client, memory, monotonicMs } = this.#options;
    const currentReplicas = target.specReplicas;
    const body = { spec: { replicas: desiredReplicas } };
    try {
      await client.patch(target.kind, target.key, { type: 'merge', body }, 'scale');
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return this.#notRescaled(currentReplicas, desiredReplicas, why, metrics, error.message);
    }
    const message = `the HPA controller was able to update the target scale to ${desiredReplicas}`;
    this.#status.set('AbleToScale', 'True', { reason: 'SucceededRescale', message });
    this.#tell('Normal', 'SuccessfulRescale', `New size: ${desiredReplicas}; reason: ${why}`);
    this.#status.rescaled(desiredReplicas === 0 && needsNoPods(this.#autoscaler));
    memory.rescaled(this.#key, currentReplicas, desiredReplicas, monotonicMs);
    return this.#status.with({ currentReplicas, desiredReplicas, metrics, isRescaled: true });
  }

  #notRescaled(
    currentReplicas: number,
    desiredReplicas: number,
    why: string,
    metrics: Wanted['metrics'],
    error: string,
  ): Status {
    this.#warn('FailedRescale', `New size: ${desiredReplicas}; reason: ${why}; error: ${error}`);
    const message = `the HPA controller was unable to update the target scale: ${error}`;
    this.#status.set('AbleToScale', 'False', { reason: 'FailedUpdateScale', message });
    return this.#kept(currentReplicas, metrics);
  }

  #warn(reason: string, message: string): void {
    this.#tell('Warning', reason, message);
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { recorder } = this.#options;
    recorder.record({ object: this.#autoscaler, type, reason, message, component: AUTOSCALER_COMPONENT });
  }
}
