// What every cluster has from its first start: the four namespaces, the two priority classes of the system, the
// storage class, the IngressClass that boards serve and the Service through which pods reach the API. Writes only
// what differs, so a restart writes nothing.
import { edgeIngressClass } from '../api/ingress/board-ingress.ts';
import { endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import { ingressClasses } from '../api/kinds/ingress-class.ts';
import { namespaces } from '../api/kinds/namespace.ts';
import { priorityClasses, systemPriorityClasses } from '../api/kinds/priority-class.ts';
import { services } from '../api/kinds/service.ts';
import { localPathClass, storageClasses } from '../api/kinds/storage-class.ts';
import { type KubeObject, keyOf } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { Registry } from './registry/registry.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
/** As upstream's clusters name it, whatever answers there: clients look for it. */
const DNS_META = {
  name: 'kube-dns',
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
};
const DNS_PORTS = [
  { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
  { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
];
const SERVICE_META = {
  name: 'kubernetes',
  namespace: 'default',
  labels: { component: 'apiserver', provider: 'kubernetes' },
};

/** What a controller would otherwise fill from a selector: this Service has none. */
const ENDPOINTS_META = {
  name: 'kubernetes',
  namespace: 'default',
  labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
};

/** As upstream's API server, which writes this slice itself. */
const SLICE_META = {
  name: 'kubernetes',
  namespace: 'default',
  labels: { 'kubernetes.io/service-name': 'kubernetes' },
};

async function bootstrapNamespaces(registry: Registry): Promise<void> {
  for (const name of NAMESPACES) {
    if (!registry.find(namespaces, name)) await create(registry, namespaces, { metadata: { name } });
  }
}

/** What is there before anybody asks: namespaces first, then what needs none. */
export async function bootstrapCluster(registry: Registry): Promise<void> {
  await bootstrapNamespaces(registry);
  for (const priority of systemPriorityClasses) {
    if (registry.find(priorityClasses, priority.metadata.name)) continue;
    await create(registry, priorityClasses, priority);
  }
  await bootstrapStorage(registry);
  await bootstrapIngress(registry);
}

/** Only where there is no class at all: who brings an own one may delete ours, and it stays away. */
async function bootstrapStorage(registry: Registry): Promise<void> {
  const { items } = await registry.list(storageClasses as KindDefinition);
  if (items.length === 0) await create(registry, storageClasses, localPathClass);
}

/** As with storage. */
async function bootstrapIngress(registry: Registry): Promise<void> {
  const { items } = await registry.list(ingressClasses as KindDefinition);
  if (items.length === 0) await create(registry, ingressClasses, edgeIngressClass);
}

export interface ApiAddress {
  /** The first address of the service range. */
  clusterIP: string;
  addresses: readonly string[];
  port: number;
}

/** The name of the DNS server that every board runs for itself: it has no selector and no endpoints. */
export function bootstrapDnsService(registry: Registry, clusterIP: string): Promise<void> {
  return bootstrapService(registry, { metadata: DNS_META, clusterIP, ports: DNS_PORTS });
}

export async function bootstrapApiService(registry: Registry, api: ApiAddress): Promise<void> {
  const { clusterIP, port } = api;
  const ports = [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }];
  await bootstrapService(registry, { metadata: SERVICE_META, clusterIP, ports });
  const { subsets, slice: content } = apiEndpoints(api);
  const wanted = { metadata: ENDPOINTS_META, subsets };
  await createOrChange(registry, endpoints, wanted, (current) => ({ ...current, subsets }));
  const slice = { metadata: SLICE_META, addressType: 'IPv4', ...content };
  await createOrChange(registry, endpointSlices, slice, (current) => ({ ...current, ...content }));
}

/** What Endpoints and EndpointSlice of the API hold. */
export const apiEndpoints = (api: ApiAddress) => ({ subsets: subsetsOf(api), slice: sliceOf(api) });

/** A machine without a LAN has no address that a pod could use: its loopback is another one than the pod's. */
function reachableOf({ addresses }: ApiAddress): string[] {
  return addresses.filter((ip) => !ip.startsWith('127.')).sort();
}

function sliceOf(api: ApiAddress): { endpoints: object[]; ports: object[] } {
  return {
    endpoints: reachableOf(api).map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports: [{ name: 'https', port: api.port, protocol: 'TCP' }],
  };
}

function subsetsOf(api: ApiAddress): object[] {
  const reachable = reachableOf(api);
  const { port } = api;
  if (reachable.length === 0) return [];
  return [{ addresses: reachable.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }];
}

interface FixedService {
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  clusterIP: string;
  ports: readonly object[];
}

/** A fixed address may only change when the range does: then the Service is made again. */
async function bootstrapService(
  registry: Registry,
  { metadata, clusterIP, ports }: FixedService,
): Promise<void> {
  const current = registry.find(services, keyOf({ metadata }));
  if (current && current.spec.clusterIP !== clusterIP) {
    await registry.delete(services as KindDefinition, keyOf({ metadata }));
  }
  const wanted = { metadata, spec: { clusterIP, type: 'ClusterIP', ports } };
  await createOrChange(registry, services, wanted, (object) => ({
    ...object,
    spec: { ...(object as { spec?: object }).spec, ports },
  }));
}

async function createOrChange<T extends KubeObject>(
  registry: Registry,
  kind: KindDefinition<T>,
  wanted: { metadata: { name: string; namespace: string } },
  change: (current: KubeObject) => object,
): Promise<void> {
  const key = keyOf(wanted);
  if (!registry.find(kind, key)) return create(registry, kind, wanted);
  const changed = (current: KubeObject) => structuredClone(change(current)) as KubeObject;
  await registry.update(kind as unknown as KindDefinition, key, changed);
}

async function create<T extends KubeObject>(
  registry: Registry,
  kind: KindDefinition<T>,
  object: { metadata: object },
): Promise<void> {
  await registry.create(kind as unknown as KindDefinition, structuredClone(object) as unknown as KubeObject);
}
