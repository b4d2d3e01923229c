// The objects of metrics.k8s.io, made when they are asked for from the boards' figures and from the Node or Pod that
// they belong to: its labels select them, and figures of a pod that is gone, or has a namesake, are not shown.
import { nodes } from '../../api/kinds/node.ts';
import { nodeMetrics } from '../../api/kinds/node-metrics.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { KubeObject, ObjectMeta, Pod } from '../../api/objects.ts';
import { keyOf, splitKey, timestamp } from '../../api/objects.ts';
import { formatQuantity } from '../../api/quantity.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { uidOnBoard } from '../../api/static-pod.ts';
import type { Store } from '../../store/store.ts';
import { storeKey } from '../registry/keys.ts';
import type { Amounts, NodeUsage, PodUsage, UsageSource } from './usage-source.ts';

/** In the order of their keys. */
export function measuredObjects(
  source: UsageSource | undefined,
  store: Pick<Store, 'get'>,
  kind: KindDefinition,
): KubeObject[] {
  if (!source) return [];
  const isOfNodes = kind.plural === nodeMetrics.plural;
  const made = isOfNodes
    ? [...source.nodes()].map((usage) => ofNode(store, kind, usage))
    : [...source.pods()].map((usage) => ofPod(store, kind, usage));
  const objects = made.filter((object) => object !== undefined);
  return objects.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function ofNode(store: Pick<Store, 'get'>, kind: KindDefinition, usage: NodeUsage): KubeObject | undefined {
  const node = store.get(storeKey(nodes, undefined, usage.node))?.value;
  const amounts = quantities(usage);
  if (!node || Object.keys(amounts).length === 0) return undefined;
  return { ...head(kind, node, usage), usage: amounts } as KubeObject;
}

function ofPod(store: Pick<Store, 'get'>, kind: KindDefinition, usage: PodUsage): KubeObject | undefined {
  const { namespace, name } = splitKey(usage.key);
  const pod = store.get(storeKey(pods, namespace, name))?.value as Pod | undefined;
  if (!pod || uidOnBoard(pod) !== usage.uid || pod.status?.phase !== 'Running') return undefined;
  const containers = Object.entries(usage.containers).map(([container, amounts]) => ({
    name: container,
    usage: quantities(amounts),
  }));
  return { ...head(kind, pod, usage), containers } as KubeObject;
}

/** As metrics-server: what is measured has neither uid nor revision, and came to be when it was asked for. */
function head(
  kind: KindDefinition,
  owner: KubeObject,
  { atMs, windowMs }: { atMs: number; windowMs: number },
) {
  const { name, namespace, labels } = owner.metadata;
  const metadata = {
    name,
    ...(namespace ? { namespace } : {}),
    creationTimestamp: timestamp(atMs),
    ...(labels ? { labels } : {}),
  } as ObjectMeta;
  const window = `${Math.round(windowMs / 100) / 10}s`;
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata, timestamp: timestamp(atMs), window };
}

/** In the units that metrics-server shows: `n` and `Ki`. */
function quantities({ cpuNanocores, workingSetBytes }: Amounts): Record<string, string> {
  const cpu = cpuNanocores === undefined ? undefined : cpuText(cpuNanocores);
  const kib = workingSetBytes === undefined ? undefined : Math.ceil(workingSetBytes / 1024);
  return {
    ...(cpu === undefined ? {} : { cpu }),
    ...(kib === undefined ? {} : { memory: kib === 0 ? '0' : `${kib}Ki` }),
  };
}

const cpuText = (nanocores: number): string =>
  formatQuantity({ nanos: BigInt(nanocores), format: 'DecimalSI' });
