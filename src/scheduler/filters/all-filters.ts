// Which boards can take a pod at all. The first filter that objects speaks for the board, as in upstream's scheduler.
import type { NodeUsage, PodLoad } from '../node-usage.ts';
import type { World } from '../world.ts';
import type { BoardFilter, Filter, FilterName, Rejection } from './filter.ts';
import { hostPorts } from './host-ports.ts';
import { nodeAffinity, nodeName, nodeNamedByAffinity } from './node-affinity.ts';
import { nodeTaints } from './node-taints.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podAffinity } from './pod-affinity.ts';
import { resources } from './resources.ts';
import { topologySpread } from './topology-spread.ts';
import { volumeAttachment } from './volume-attachment.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';

/** In upstream's order: cheap and telling ones first. */
const filters: readonly Filter[] = [
  nodeNamedByAffinity,
  nodeUnschedulable,
  nodeName,
  nodeTaints,
  nodeAffinity,
  hostPorts,
  resources,
  volumeRestrictions,
  volumeAttachment,
  volumeBinding,
  topologySpread,
  podAffinity,
];

export type NamedRejection = Rejection & { filter: FilterName };

/** Looks at pod and world once; the answer looks at one board. */
export function prepareFilters(
  load: PodLoad,
  world: World,
): (usage: NodeUsage) => NamedRejection | undefined {
  const prepared = filters.flatMap(({ name, prepare }): { name: FilterName; board: BoardFilter }[] => {
    const board = prepare(load, world);
    return board ? [{ name, board }] : [];
  });
  return (usage) => {
    for (const { name, board } of prepared) {
      const rejection = board(usage);
      if (rejection) return { ...rejection, filter: name };
    }
    return undefined;
  };
}
