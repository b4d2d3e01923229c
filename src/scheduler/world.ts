// All that a placement is decided from. Filters and scores ask only this, so the same questions can be put to a
// world as it is and to one in which some pods had gone.
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../api/objects.ts';
import type { NamespaceLabels, OwnTerm } from './affinity-term.ts';
import type { NodeUsage } from './node-usage.ts';

/** Some of the pods: equal keys mean equal pods. */
export interface PodSelection {
  key: string;
  matches(pod: Pod): boolean;
}

/** A term that pods on boards have, and how many of them on which board. */
export interface PlacedTerm extends OwnTerm {
  nodes: ReadonlyMap<string, number>;
}

export interface StorageView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** `namespace/name` of the claim for which a volume was chosen a moment ago. */
  chosenFor(volumeName: string): string | undefined;
}

export interface World {
  usages: readonly NodeUsage[];
  storage: StorageView;
  namespaceLabels: NamespaceLabels;
  usage(nodeName: string): NodeUsage | undefined;
  /** Selected pods per board; a board without any may be missing. */
  counts(selection: PodSelection): ReadonlyMap<string, number>;
  terms(): Iterable<PlacedTerm>;
}

/** Sums per value of a node label: the topology's domains. Boards without the label are in none. */
export function countsByDomain(
  { usage }: Pick<World, 'usage'>,
  topologyKey: string,
  perNode: ReadonlyMap<string, number>,
): Map<string, number> {
  const domains = new Map<string, number>();
  for (const [nodeName, count] of perNode) {
    const node = usage(nodeName);
    const domain = node && domainOf(node, topologyKey);
    if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + count);
  }
  return domains;
}

export function domainOf({ node }: Pick<NodeUsage, 'node'>, topologyKey: string): string | undefined {
  return node.metadata.labels?.[topologyKey];
}
