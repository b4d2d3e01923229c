// Where the EndpointSlices of a Service come from: its pods, or, without a selector, the Endpoints that a person
// keeps for it. Pure. https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
import { familiesOf, HEADLESS_LABEL } from '../api/board-service.ts';
import type { core, Endpoints, meta, Pod, Service } from '../api/objects.ts';
import { familyOf, type IpFamily } from '../base/ip.ts';
import { nowhere, type Placement } from './endpoint-placement.ts';
import { type EndpointEntry, endpointEntries, ownsEndpoints, publishesAll } from './endpoint-subsets.ts';

/** Keeps an Endpoints from being mirrored. */
const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
/** On Endpoints that older programs elect their leader by: they change all the time, and lead nowhere. */
const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const SLICE_MANAGER_LABEL = 'endpointslice.kubernetes.io/managed-by';

interface SliceSource {
  /** Value of the managed-by label: each manager touches its own slices only. */
  manager: string;
  owner: meta.OwnerReference;
  labels: Record<string, string>;
  /** A slice holds addresses of one family. */
  entries: ReadonlyMap<IpFamily, EndpointEntry[]>;
  publishAll: boolean;
  placement: Placement;
}

export const SLICE_MANAGERS = [
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
] as const;

/** `undefined` when the Service's slices are nobody's, or a person's own. */
export function sliceSource(
  service: Service,
  podsInNamespace: readonly Pod[],
  endpoints: Endpoints | undefined,
  zoneOf: Placement['zoneOf'],
): SliceSource | undefined {
  const [fromPods, fromEndpoints] = SLICE_MANAGERS;
  if (ownsEndpoints(service)) {
    return {
      manager: fromPods,
      owner: ownerReference(service),
      labels: labelsFor(service, service.metadata.labels, fromPods),
      entries: new Map(
        familiesOf(service).map((family) => [family, endpointEntries(service, podsInNamespace, family)]),
      ),
      publishAll: publishesAll(service),
      placement: { zoneOf, distribution: service.spec.trafficDistribution },
    };
  }
  if (!endpoints || !isMirrored(endpoints) || service.spec.type === 'ExternalName') return undefined;
  return {
    manager: fromEndpoints,
    owner: ownerReference(endpoints),
    labels: labelsFor(service, endpoints.metadata.labels, fromEndpoints),
    entries: byFamily((endpoints.subsets ?? []).flatMap(mirrored)),
    publishAll: false,
    placement: nowhere,
  };
}

function isMirrored({ metadata }: Endpoints): boolean {
  const { labels = {}, annotations = {} } = metadata;
  return labels[SKIP_MIRROR_LABEL] !== 'true' && annotations[LEADER_ANNOTATION] === undefined;
}

/** Of none there is still to be said that somebody has looked. */
function byFamily(entries: EndpointEntry[]): SliceSource['entries'] {
  if (entries.length === 0) return new Map([['IPv4', []]]);
  return Map.groupBy(entries, ({ address }) => familyOf(address.ip) ?? 'IPv4');
}

function mirrored({
  addresses = [],
  notReadyAddresses = [],
  ports = [],
}: core.EndpointSubset): EndpointEntry[] {
  const entry = (serving: boolean) => (address: core.EndpointAddress) => ({
    address,
    ports: [...ports],
    serving,
    terminating: false,
  });
  return [...addresses.map(entry(true)), ...notReadyAddresses.map(entry(false))];
}

/** The mark of a headless Service is not a person's to set: proxies leave alone what has it. */
function labelsFor({ metadata, spec }: Service, labels: meta.ObjectMeta['labels'], manager: string) {
  const { [HEADLESS_LABEL]: _, ...own } = labels ?? {};
  return {
    ...own,
    ...(spec.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
    [SERVICE_NAME_LABEL]: metadata.name,
    [SLICE_MANAGER_LABEL]: manager,
  };
}

function ownerReference({ kind, metadata }: Service | Endpoints): meta.OwnerReference {
  const { name, uid } = metadata;
  return { apiVersion: 'v1', kind, name, uid, controller: true, blockOwnerDeletion: true };
}
