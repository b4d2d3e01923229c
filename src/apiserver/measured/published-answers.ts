// GET of numbers that applications publish, as the adapters of other clusters serve them: about objects under
// custom.metrics.k8s.io, about none under external.metrics.k8s.io. Read only, nothing is stored, no history.
// https://github.com/kubernetes/metrics, pkg/apis/custom_metrics/v1beta2 and pkg/apis/external_metrics/v1beta1
import { type LabelSelector, matchesLabels, parseLabelSelector } from '../../api/label-selector.ts';
import { timestamp } from '../../api/objects.ts';
import { formatQuantity } from '../../api/quantity.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { methodNotAllowed, StatusError } from '../../api/status-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { ResourcePath } from '../http/resource-path.ts';
import { sendJson } from '../http/respond.ts';
import type { Registry } from '../registry/registry.ts';
import { CUSTOM_METRICS, EXTERNAL_METRICS, isExternal } from './published-discovery.ts';
import type { PublishedNumber, PublishedNumbers } from './published-numbers.ts';

export interface PublishedServices {
  numbers: PublishedNumbers | undefined;
  registry: Pick<Registry, 'list'>;
  kinds: ServedKinds;
}

/** @throws StatusError NotFound for what nobody has published of late, MethodNotAllowed. */
export function answerPublished(services: PublishedServices, request: ApiRequest, path: ResourcePath): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw methodNotAllowed('the server does not allow this method on the requested resource');
  }
  const isCustom = path.group === CUSTOM_METRICS.group;
  sendJson(
    request.response,
    200,
    isCustom ? customList(services, request, path) : externalList(services, request, path),
  );
}

const unknown = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

const noMetric = (metric: string, whose: string) =>
  new StatusError(404, 'NotFound', `the server could not find the metric ${metric} for ${whose}`, {});

const quantityText = ({ milli }: PublishedNumber): string =>
  formatQuantity({ nanos: BigInt(milli) * 1_000_000n, format: 'DecimalSI' });

/** namespaces/NS/PLURAL[.GROUP]/NAME/METRIC, where the name `*` stands for all that `labelSelector` selects. */
function customList(services: PublishedServices, { query }: ApiRequest, path: ResourcePath): object {
  const { namespace, plural, name, subresource: metric } = path;
  const kind = kindOf(services.kinds, plural);
  if (!kind || namespace === undefined || name === undefined || metric === undefined) throw unknown();
  const asked = { services, kind, namespace, metric };
  // Our numbers have no labels of their own.
  const isSelected = matchesLabels(parseLabelSelector(query.get('metricLabelSelector') ?? undefined), {});
  const names =
    name === '*' ? selectedNames(asked, query.get('labelSelector') ?? undefined) : new Set([name]);
  const found = isSelected ? numbersAbout(asked, names) : [];
  if (found.length === 0 && name !== '*') throw noMetric(metric, `${plural} ${name}`);
  if (found.length === 0) throw noMetric(metric, plural);
  const items = found.map((number) => metricValue(kind, number));
  return { kind: 'MetricValueList', apiVersion: apiVersionOf(CUSTOM_METRICS), metadata: {}, items };
}

interface Asked {
  services: PublishedServices;
  kind: KindDefinition;
  namespace: string;
  metric: string;
}

function selectedNames({ services, kind, namespace }: Asked, labelSelector: string | undefined): Set<string> {
  const { items } = services.registry.list(kind, { namespace, ...(labelSelector ? { labelSelector } : {}) });
  return new Set(items.map(({ metadata }) => metadata.name));
}

function numbersAbout({ services, kind, namespace, metric }: Asked, names: ReadonlySet<string>) {
  const found: PublishedNumber[] = [];
  for (const number of services.numbers?.all() ?? []) {
    const isAbout = number.kind === kind.kind && number.namespace === namespace && names.has(number.name);
    if (isAbout && number.metric === metric) found.push(number);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `deployments.apps`, or a plural alone: then the first kind that has it. */
function kindOf({ served }: ServedKinds, resource: string): KindDefinition | undefined {
  const [plural, ...rest] = resource.split('.');
  const group = rest.length > 0 ? rest.join('.') : undefined;
  const isAsked = (kind: KindDefinition) =>
    kind.plural === plural && kind.namespaced && (group === undefined || kind.group === group);
  return served.find(isAsked);
}

function metricValue(kind: KindDefinition, number: PublishedNumber): object {
  const { namespace, name, metric, atMs } = number;
  return {
    describedObject: { kind: kind.kind, namespace, name, apiVersion: apiVersionOf(kind) },
    metric: { name: metric, selector: null },
    timestamp: timestamp(atMs),
    value: quantityText(number),
  };
}

/** namespaces/NS/METRIC, of the series that `labelSelector` selects by their only label. */
function externalList({ numbers }: PublishedServices, { query }: ApiRequest, path: ResourcePath): object {
  const { namespace, plural: metric, name } = path;
  if (namespace === undefined || name !== undefined) throw unknown();
  const selector: LabelSelector = parseLabelSelector(query.get('labelSelector') ?? undefined);
  const items = [...(numbers?.all() ?? [])]
    .filter((number) => isExternal(number) && number.namespace === namespace && number.metric === metric)
    .map((number) => ({ number, metricLabels: { series: number.name } }))
    .filter(({ metricLabels }) => matchesLabels(selector, metricLabels))
    .map(({ number, metricLabels }) => externalValue(number, metricLabels));
  const apiVersion = apiVersionOf(EXTERNAL_METRICS);
  return { kind: 'ExternalMetricValueList', apiVersion, metadata: {}, items };
}

const externalValue = (number: PublishedNumber, metricLabels: Record<string, string>): object => ({
  metricName: number.metric,
  metricLabels,
  timestamp: timestamp(number.atMs),
  value: quantityText(number),
});
