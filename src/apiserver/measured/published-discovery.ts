// custom.metrics.k8s.io and external.metrics.k8s.io in discovery: their resources are the metrics that there are now.
// https://github.com/kubernetes/design-proposals-archive/blob/main/instrumentation/custom-metrics-api.md#api-paths
import type { GroupVersion, ServedKinds } from '../../api/served-kinds.ts';
import type { PublishedNumber, PublishedNumbers } from './published-numbers.ts';

export const CUSTOM_METRICS: GroupVersion = { group: 'custom.metrics.k8s.io', version: 'v1beta2' };
export const EXTERNAL_METRICS: GroupVersion = { group: 'external.metrics.k8s.io', version: 'v1beta1' };
export const publishedVersions: readonly GroupVersion[] = [CUSTOM_METRICS, EXTERNAL_METRICS];

export const isPublished = (group: string, version: string): boolean =>
  publishedVersions.some((entry) => entry.group === group && entry.version === version);

export const isExternal = ({ kind }: Pick<PublishedNumber, 'kind'>): boolean => kind === '';

/** GET /apis/GROUP/VERSION of one of both. */
export function publishedResourceList(
  numbers: PublishedNumbers | undefined,
  kinds: ServedKinds,
  { group, version }: GroupVersion,
): object {
  const named = [...resourceNames(numbers, kinds, group)].sort();
  const kind = group === CUSTOM_METRICS.group ? 'MetricValueList' : 'ExternalMetricValueList';
  const resources = named.map((name) => ({ name, singularName: '', namespaced: true, kind, verbs: ['get'] }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources };
}

/** `deployments.apps/waiting`, or `waiting` of what is about no object. */
function resourceNames(
  numbers: PublishedNumbers | undefined,
  kinds: ServedKinds,
  group: string,
): Set<string> {
  const names = new Set<string>();
  const wantsExternal = group === EXTERNAL_METRICS.group;
  for (const number of numbers?.all() ?? []) {
    if (isExternal(number) !== wantsExternal) continue;
    const resource = wantsExternal ? '' : resourceOf(kinds, number.kind);
    if (resource !== undefined) names.add(wantsExternal ? number.metric : `${resource}/${number.metric}`);
  }
  return names;
}

function resourceOf(kinds: ServedKinds, kindName: string): string | undefined {
  const found = kinds.served.find(({ kind, namespaced }) => kind === kindName && namespaced);
  return found && (found.group ? `${found.plural}.${found.group}` : found.plural);
}
