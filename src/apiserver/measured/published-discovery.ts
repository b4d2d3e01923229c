// custom.metrics.k8s.io and external.metrics.k8s.io in discovery: their resources are the metrics that there are now.
// https://github.com/kubernetes/design-proposals-archive/blob/main/instrumentation/custom-metrics-api.md#api-paths
import { groupResourceOf } from '../../api/scheme.ts';
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
  const kind = group === CUSTOM_METRICS.group ? CUSTOM_LIST : EXTERNAL_LIST;
  const resources = named.map((name) => ({ name, singularName: '', namespaced: true, kind, verbs: ['get'] }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources };
}

/**
 * The same for aggregated discovery, which has a metric of an object as a subresource of a resource that is not there
 * itself. Source: staging/src/k8s.io/apiserver/pkg/endpoints ConvertGroupVersionIntoToDiscovery
 */
export function publishedDiscovery(
  numbers: PublishedNumbers | undefined,
  kinds: ServedKinds,
  { group }: GroupVersion,
): object[] {
  const names = [...resourceNames(numbers, kinds, group)].sort();
  const verbs = ['get'];
  const scope = 'Namespaced';
  if (group === EXTERNAL_METRICS.group) {
    const responseKind = { group: '', version: '', kind: EXTERNAL_LIST };
    return names.map((resource) => ({ resource, responseKind, scope, singularResource: '', verbs }));
  }
  const responseKind = { group: '', version: '', kind: CUSTOM_LIST };
  const byParent = Map.groupBy(names, (name) => name.split('/')[0] ?? '');
  return [...byParent].map(([resource, metrics]) => ({
    resource,
    responseKind: { group: '', version: '', kind: '' },
    scope,
    singularResource: '',
    verbs: [],
    subresources: metrics.map((name) => ({
      subresource: name.slice(resource.length + 1),
      responseKind,
      verbs,
    })),
  }));
}

const CUSTOM_LIST = 'MetricValueList';
const EXTERNAL_LIST = 'ExternalMetricValueList';

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
  return found && groupResourceOf(found);
}
