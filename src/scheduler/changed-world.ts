// A world in which some pods had gone from their boards or come to them: what preemption and nominated pods are
// judged by. The world it is made from stays as it is.
import { type NodeUsage, type PodLoad, usageOf } from './node-usage.ts';
import { bump, termId } from './pod-index.ts';
import type { PlacedTerm, PodSelection, World } from './world.ts';

export interface PodMove {
  nodeName: string;
  load: PodLoad;
}

export interface WorldChange {
  gone?: readonly PodMove[];
  come?: readonly PodMove[];
}

export function changedWorld(world: World, { gone = [], come = [] }: WorldChange): World {
  const signed = [...gone.map((move) => ({ ...move, by: -1 })), ...come.map((move) => ({ ...move, by: 1 }))];
  const touched = new Map<string, NodeUsage>();
  for (const nodeName of new Set(signed.map((move) => move.nodeName))) {
    const usage = world.usage(nodeName);
    if (!usage) continue;
    const pods = new Map(usage.pods);
    for (const move of signed.filter((m) => m.nodeName === nodeName)) {
      const { uid } = move.load.pod.metadata;
      if (move.by < 0) pods.delete(uid);
      else pods.set(uid, move.load);
    }
    touched.set(nodeName, usageOf(usage, pods));
  }
  return {
    storage: world.storage,
    namespaceLabels: world.namespaceLabels,
    usages: world.usages.map((usage) => touched.get(usage.node.metadata.name) ?? usage),
    usage: (nodeName) => touched.get(nodeName) ?? world.usage(nodeName),
    counts: (selection) => changedCounts(world.counts(selection), selection, signed),
    terms: () => changedTerms(world.terms(), signed),
  };
}

type SignedMove = PodMove & { by: number };

function changedCounts(
  counts: ReadonlyMap<string, number>,
  selection: PodSelection,
  moves: readonly SignedMove[],
): ReadonlyMap<string, number> {
  const matching = moves.filter(({ load }) => selection.matches(load.pod));
  if (matching.length === 0) return counts;
  const next = new Map(counts);
  for (const { nodeName, by } of matching) bump(next, nodeName, by);
  return next;
}

function changedTerms(terms: Iterable<PlacedTerm>, moves: readonly SignedMove[]): Iterable<PlacedTerm> {
  const changes = moves.flatMap(({ nodeName, load, by }) => load.terms.map((own) => ({ own, nodeName, by })));
  if (changes.length === 0) return terms;
  const next = new Map([...terms].map((term) => [termId(term), term]));
  for (const { own, nodeName, by } of changes) {
    const id = termId(own);
    const nodes = new Map(next.get(id)?.nodes);
    bump(nodes, nodeName, by);
    next.set(id, { ...own, nodes });
  }
  return next.values();
}
