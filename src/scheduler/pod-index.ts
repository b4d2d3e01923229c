// Answers "how many such pods are on which board" without walking all pods: what was asked once is kept up to date
// as pods come and go, so that spreading a thousand pods does not look at a thousand pods a thousand times.
import type { OwnTerm } from './affinity-term.ts';
import type { PodLoad } from './node-usage.ts';
import type { PlacedTerm, PodSelection } from './world.ts';

/** Questions kept up to date; the one not asked for longest is forgotten. */
const MAX_SELECTIONS = 64;

interface Counted {
  selection: PodSelection;
  nodes: Map<string, number>;
}

interface Term extends OwnTerm {
  nodes: Map<string, number>;
}

export type PlacedPods = () => Iterable<{ nodeName: string; load: PodLoad }>;

export class PodIndex {
  readonly #placed: PlacedPods;
  /** In the order of their last use. */
  readonly #counted = new Map<string, Counted>();
  readonly #terms = new Map<string, Term>();

  constructor(placed: PlacedPods) {
    this.#placed = placed;
  }

  add(load: PodLoad, nodeName: string): void {
    this.#change(load, nodeName, 1);
  }

  remove(load: PodLoad, nodeName: string): void {
    this.#change(load, nodeName, -1);
  }

  counts(selection: PodSelection): ReadonlyMap<string, number> {
    const known = this.#counted.get(selection.key) ?? this.#count(selection);
    this.#counted.delete(selection.key);
    this.#counted.set(selection.key, known);
    const oldest = this.#counted.keys().next().value;
    if (this.#counted.size > MAX_SELECTIONS && oldest !== undefined) this.#counted.delete(oldest);
    return known.nodes;
  }

  terms(): Iterable<PlacedTerm> {
    return this.#terms.values();
  }

  /** What was counted by something that has changed, such as a namespace's labels. */
  forgetCounts(): void {
    this.#counted.clear();
  }

  #count(selection: PodSelection): Counted {
    const nodes = new Map<string, number>();
    for (const { load, nodeName } of this.#placed()) {
      if (selection.matches(load.pod)) bump(nodes, nodeName, 1);
    }
    return { selection, nodes };
  }

  #change(load: PodLoad, nodeName: string, by: 1 | -1): void {
    for (const { selection, nodes } of this.#counted.values()) {
      if (selection.matches(load.pod)) bump(nodes, nodeName, by);
    }
    for (const own of load.terms) {
      const id = termId(own);
      const term = this.#terms.get(id) ?? { ...own, nodes: new Map<string, number>() };
      bump(term.nodes, nodeName, by);
      if (term.nodes.size === 0) this.#terms.delete(id);
      else this.#terms.set(id, term);
    }
  }
}

/** Same role, weight and meaning. */
export function termId({ role, weight, term }: OwnTerm): string {
  return `${role} ${weight} ${term.id}`;
}

export function bump(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}
