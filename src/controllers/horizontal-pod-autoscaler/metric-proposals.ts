// What each metric of an autoscaler asks for, and what of it is shown in `status.currentMetrics`.
// Source: pkg/controller/podautoscaler/horizontal.go computeReplicasForMetric…
import { labelSelectorText } from '../../api/label-selector-text.ts';
import type { autoscaling, core, Pod } from '../../api/objects.ts';
import { formatQuantity, milliValue, tryParseQuantity } from '../../api/quantity.ts';
import type { Client } from '../../client/client.ts';
import {
  type CustomMetricSource,
  externalMetric,
  objectMetric,
  podsMetrics,
  resourceMetrics,
} from './metric-reader.ts';
import {
  averageReplicas,
  MetricsError,
  type Proposal,
  sharedReplicas,
  type Tolerances,
  utilizationReplicas,
  valueReplicas,
} from './replica-calculator.ts';

/** The target as it is now. */
export interface ScaleTarget {
  namespace: string;
  specReplicas: number;
  statusReplicas: number;
  /** Text form. */
  selector: string;
  /** Those that it selects. */
  pods: readonly Pod[];
}

export interface MetricContext {
  client: Client;
  custom: CustomMetricSource | undefined;
  target: ScaleTarget;
  tolerances: Tolerances;
  nowMs: number;
}

export interface MetricProposal {
  replicas: number;
  /** As conditions and events name it: `cpu resource utilization (percentage of request)`. */
  name: string;
  status: autoscaling.MetricStatus;
}

/** Why a metric cannot be used: the reason of its event and condition, and the message. */
export class MetricFailure extends Error {
  readonly reason: string;
  /** Upstream's beginning of the line that names all failures. */
  readonly summary: string;

  constructor(reason: string, message: string, summary: string) {
    super(message);
    this.reason = reason;
    this.summary = summary;
  }
}

/** Rejects with a MetricFailure when the metric cannot be had. */
export async function metricProposal(
  context: MetricContext,
  spec: autoscaling.MetricSpec,
): Promise<MetricProposal> {
  const source = sourceOf(spec);
  try {
    return await source.propose(context);
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error;
    throw new MetricFailure(source.reason, error.message, source.summary);
  }
}

interface Source {
  reason: string;
  summary: string;
  propose(context: MetricContext): Promise<MetricProposal>;
}

function sourceOf(spec: autoscaling.MetricSpec): Source {
  const { type, resource, containerResource, pods, object, external } = spec;
  if (type === 'Resource' && resource) {
    return {
      reason: 'FailedGetResourceMetric',
      summary: `failed to get ${resource.name} resource metric value`,
      propose: (context) => resourceProposal(context, resource, undefined),
    };
  }
  if (type === 'ContainerResource' && containerResource) {
    return {
      reason: 'FailedGetContainerResourceMetric',
      summary: `failed to get ${containerResource.container} container metric value`,
      propose: (context) => resourceProposal(context, containerResource, containerResource.container),
    };
  }
  if (type === 'Pods' && pods) {
    const propose = async (context: MetricContext) => podsProposal(context, pods);
    return { reason: 'FailedGetPodsMetric', summary: 'failed to get pods metric value', propose };
  }
  if (type === 'Object' && object) {
    const { metric, target } = object;
    const more = target.type === 'AverageValue' ? `: failed to get ${metric.name} object metric` : '';
    const summary = `failed to get object metric value${more}`;
    const propose = async (context: MetricContext) => objectProposal(context, object);
    return { reason: 'FailedGetObjectMetric', summary, propose };
  }
  if (type === 'External' && external) {
    const { metric, target } = external;
    const what =
      target.averageValue === undefined ? `external metric ${metric.name}` : `${metric.name} external metric`;
    return {
      reason: 'FailedGetExternalMetric',
      summary: `failed to get ${metric.name} external metric value: failed to get ${what}`,
      propose: async (context) => externalProposal(context, external),
    };
  }
  const refuse = async (): Promise<never> => {
    throw new MetricsError(`unknown metric source type "${type}"`);
  };
  return { reason: 'InvalidMetricSourceType', summary: 'invalid metric source', propose: refuse };
}

const quantityOf = (milli: number): string =>
  formatQuantity({ nanos: BigInt(Math.trunc(milli)) * 1_000_000n, format: 'DecimalSI' });

const milliOf = (text: string | undefined): number | undefined => {
  const quantity = tryParseQuantity(text ?? '');
  return quantity && milliValue(quantity);
};

async function resourceProposal(
  { client, target, tolerances, nowMs }: MetricContext,
  source: autoscaling.ResourceMetricSource,
  container: string | undefined,
): Promise<MetricProposal> {
  const { name, target: wanted } = source;
  const { namespace, selector, pods, specReplicas: currentReplicas } = target;
  const averageMilli = milliOf(wanted.averageValue);
  const what = averageMilli === undefined ? 'utilization' : 'usage';
  const proposal = await inWords(`failed to get ${name} ${what}`, async () => {
    const metrics = await inWords(`unable to get metrics for resource ${name}`, () =>
      resourceMetrics(client, { namespace, selector, resource: name, container }),
    );
    const question = { currentReplicas, pods, metrics, isCpu: name === 'cpu', nowMs, tolerances };
    if (averageMilli !== undefined) return averageReplicas(question, averageMilli);
    const percent = wanted.averageUtilization;
    if (percent === undefined) throw new MetricsError(NO_TARGET);
    return utilizationReplicas(question, () => requestsOf(pods, name, container), percent);
  });
  return {
    replicas: proposal.replicas,
    name: resourceName(name, container, averageMilli === undefined),
    status: resourceStatus(name, container, proposal),
  };
}

const NO_TARGET =
  'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';

function resourceName(name: string, container: string | undefined, isShare: boolean): string {
  if (!isShare) return `${name} resource`;
  return `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`;
}

function resourceStatus(
  name: string,
  container: string | undefined,
  { utilization, averageMilli }: Proposal,
): autoscaling.MetricStatus {
  const current = {
    ...(utilization === undefined ? {} : { averageUtilization: utilization }),
    averageValue: quantityOf(averageMilli),
  };
  if (container === undefined) return { type: 'Resource', resource: { name, current } };
  return { type: 'ContainerResource', containerResource: { name, container, current } };
}

/** Puts upstream's words before a MetricsError. */
async function inWords<T>(words: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof MetricsError ? new MetricsError(`${words}: ${error.message}`) : error;
  }
}

/** In thousandths, by the pod's name. A share of a request that is not made cannot be told. */
function requestsOf(
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): Map<string, number> {
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const all = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
    const wanted = all.filter(({ name }) => container === undefined || name === container);
    if (wanted.length === 0) {
      throw new MetricsError(`container ${container} not found in Pod ${metadata.name}`);
    }
    let sum = 0;
    for (const { name, resources } of wanted) {
      const milli = milliOf(resources?.requests?.[resource]);
      if (milli === undefined) {
        throw new MetricsError(
          `missing request for ${resource} in container ${name} of Pod ${metadata.name}`,
        );
      }
      sum += milli;
    }
    requests.set(metadata.name, sum);
  }
  return requests;
}

const isSidecar = ({ restartPolicy }: core.Container): boolean => restartPolicy === 'Always';

function podsProposal(
  { custom, target, tolerances, nowMs }: MetricContext,
  { metric, target: wanted }: autoscaling.PodsMetricSource,
): MetricProposal {
  const { namespace, pods, specReplicas: currentReplicas } = target;
  const names = pods.map(({ metadata }) => metadata.name);
  const metrics = podsMetrics(custom, namespace, names, metric);
  const question = { currentReplicas, pods, metrics, isCpu: false, nowMs, tolerances };
  const { replicas, averageMilli } = averageReplicas(question, milliOf(wanted.averageValue) ?? 0);
  const current = { averageValue: quantityOf(averageMilli) };
  const status = { type: 'Pods', pods: { metric, current } };
  return { replicas, name: `pods metric ${metric.name}`, status };
}

function objectProposal(
  { custom, target, tolerances }: MetricContext,
  { describedObject, metric, target: wanted }: autoscaling.ObjectMetricSource,
): MetricProposal {
  const milli = objectMetric(custom, target.namespace, describedObject, metric);
  const { replicas, current } = againstTarget({ target, milli, wanted, tolerances, sort: 'object' });
  const status = { type: 'Object', object: { describedObject, metric, current } };
  // Upstream calls a mean so, whatever its source.
  const isMean = current.averageValue !== undefined;
  const name = isMean
    ? `external metric ${metric.name}(${labelSelectorText(metric.selector)})`
    : `${describedObject.kind} metric ${metric.name}`;
  return { replicas, name, status };
}

function externalProposal(
  { custom, target, tolerances }: MetricContext,
  { metric, target: wanted }: autoscaling.ExternalMetricSource,
): MetricProposal {
  const milli = externalMetric(custom, target.namespace, metric);
  const { replicas, current } = againstTarget({ target, milli, wanted, tolerances, sort: 'external' });
  const status = { type: 'External', external: { metric, current } };
  return { replicas, name: `external metric ${metric.name}(${labelSelectorText(metric.selector)})`, status };
}

interface SharedValue {
  target: ScaleTarget;
  milli: number;
  wanted: autoscaling.MetricTarget;
  tolerances: Tolerances;
  sort: 'object' | 'external';
}

function againstTarget({ target, milli, wanted, tolerances, sort }: SharedValue): {
  replicas: number;
  current: autoscaling.MetricValueStatus;
} {
  const { specReplicas, statusReplicas, pods } = target;
  const valueMilli = milliOf(wanted.value);
  const shareMilli = milliOf(wanted.averageValue);
  if (wanted.type === 'Value' && valueMilli !== undefined) {
    const replicas = valueReplicas(specReplicas, pods, milli / valueMilli, tolerances);
    return { replicas, current: { value: quantityOf(milli) } };
  }
  if (shareMilli === undefined) {
    throw new MetricsError(
      `invalid ${sort} metric source: neither a value target nor an average value target was set`,
    );
  }
  const { replicas, averageMilli } = sharedReplicas(statusReplicas, milli, shareMilli, tolerances);
  return { replicas, current: { averageValue: quantityOf(averageMilli) } };
}
