// nodeSelector and node affinity: which boards a pod may, and which it would rather, run on. One meaning for the
// scheduler and for the DaemonSet controller.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
import { matchesSelectorMap } from './label-selector.ts';
import type { core, Node, Pod } from './objects.ts';
import { ownValue } from './schema/json.ts';

/** nodeSelector and every required term: terms are alternatives, what stands in one term must all hold. */
export function matchesRequired({ spec }: Pick<Pod, 'spec'>, node: Node): boolean {
  const { nodeSelector, affinity } = spec;
  if (!matchesSelectorMap(nodeSelector ?? {}, node.metadata.labels)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return matchesNodeSelector(required, node);
}

/** True without a selector; its terms are alternatives. */
export function matchesNodeSelector(selector: core.NodeSelector | undefined, node: Node): boolean {
  return !selector || (selector.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node));
}

/** Sum of the weights of the preferred terms that hold. */
export function preferredWeight(pod: Pod, node: Node): number {
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce(
    (sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0),
    0,
  );
}

function matchesTerm(term: core.NodeSelectorTerm, node: Node): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  // Upstream: a term that says nothing matches nothing.
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    matchExpressions.every((requirement) => holds(requirement, node.metadata.labels ?? {})) &&
    matchFields.every((requirement) => holds(requirement, fields))
  );
}

function holds(requirement: core.NodeSelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator, values = [] } = requirement;
  const value = ownValue(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return compares(operator, value, values[0]);
  }
}

/** `Gt` and `Lt` read both sides as whole numbers; anything else does not match. */
function compares(operator: string, value: string | undefined, bound: string | undefined): boolean {
  if (!/^[+-]?\d+$/.test(value ?? '') || !/^[+-]?\d+$/.test(bound ?? '')) return false;
  if (operator === 'Gt') return Number(value) > Number(bound);
  return operator === 'Lt' && Number(value) < Number(bound);
}
