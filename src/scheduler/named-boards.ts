// Pods that name their boards by a required affinity to `metadata.name`, as those of DaemonSets do: only these boards
// are looked at. Source: pkg/scheduler/framework/plugins/nodeaffinity PreFilter
import type { core, Pod } from '../api/objects.ts';

/** `undefined` = any board; none = terms that contradict themselves. */
export function namedBoards({ spec }: Pod): ReadonlySet<string> | undefined {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const names = terms.map(namesOf);
  const known = names.filter((found) => found !== undefined);
  // Terms are alternatives: one that names no board leaves the choice among all.
  return known.length < names.length ? undefined : new Set(known.flatMap((found) => [...found]));
}

/** What stands in one term must all hold. */
function namesOf({ matchFields = [] }: core.NodeSelectorTerm): ReadonlySet<string> | undefined {
  return matchFields
    .filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
    .map(({ values = [] }): ReadonlySet<string> => new Set(values))
    .reduce<ReadonlySet<string> | undefined>((both, one) => both?.intersection(one) ?? one, undefined);
}
