// One term of a pod's affinity to other pods, ready to be asked: which pods it means, and within which topology.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
import { type LabelSelector, matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import type { core, Pod } from '../api/objects.ts';

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

export interface AffinityTerm {
  /** Equal terms of many pods share it. */
  id: string;
  topologyKey: string;
  matches(pod: Pod, labelsOf: NamespaceLabels): boolean;
}

export type TermRole = 'required' | 'requiredAnti' | 'preferred' | 'preferredAnti';

/** A term as some pod has it; `weight` counts for the preferred ones. */
export interface OwnTerm {
  role: TermRole;
  weight: number;
  term: AffinityTerm;
}

/** All terms of the pod's affinity and anti-affinity. */
export function ownTerms(pod: Pod): OwnTerm[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  return [
    ...required(pod, 'required', podAffinity),
    ...required(pod, 'requiredAnti', podAntiAffinity),
    ...preferred(pod, 'preferred', podAffinity),
    ...preferred(pod, 'preferredAnti', podAntiAffinity),
  ];
}

type Affinity = core.PodAffinity | core.PodAntiAffinity | undefined;

function required(pod: Pod, role: TermRole, affinity: Affinity): OwnTerm[] {
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => ({ role, weight: 1, term: affinityTerm(pod, term) }));
}

function preferred(pod: Pod, role: TermRole, affinity: Affinity): OwnTerm[] {
  const terms = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map(({ weight, podAffinityTerm }) => ({
    role,
    weight,
    term: affinityTerm(pod, podAffinityTerm),
  }));
}

function affinityTerm(owner: Pod, given: core.PodAffinityTerm): AffinityTerm {
  const { topologyKey, namespaceSelector } = given;
  const selector = mergedSelector(owner, given);
  const byLabels = selectorFromObject(namespaceSelector);
  const named = given.namespaces ?? [];
  // Upstream: neither a list nor a selector means the pod's own namespace.
  const namespaces = named.length === 0 && !byLabels ? [owner.metadata.namespace ?? ''] : [...named].sort();
  const inNamespace = (name: string, labelsOf: NamespaceLabels) =>
    namespaces.includes(name) || (byLabels !== undefined && matchesLabels(byLabels, labelsOf(name)));
  return {
    id: JSON.stringify([topologyKey, namespaces, byLabels, selector]),
    topologyKey,
    matches: ({ metadata }, labelsOf) =>
      selector !== undefined &&
      matchesLabels(selector, metadata.labels) &&
      inNamespace(metadata.namespace ?? '', labelsOf),
  };
}

/** A missing selector matches nothing, as upstream. */
function mergedSelector(owner: Pod, term: core.PodAffinityTerm): LabelSelector | undefined {
  const selector = selectorFromObject(term.labelSelector);
  if (!selector) return undefined;
  return [
    ...selector,
    ...ownValues(owner, term.matchLabelKeys, 'In', selector),
    ...ownValues(owner, term.mismatchLabelKeys, 'NotIn', selector),
  ];
}

/**
 * Requirements on the values that the pod itself has; keys that it lacks are left out, as upstream. A pod carries them
 * in its selector since it was made, with the values of then; those of an earlier release do not.
 */
export function ownValues(
  { metadata }: Pod,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  given: LabelSelector,
): LabelSelector {
  return (keys ?? []).flatMap((key) => {
    const value = metadata.labels?.[key];
    const isGiven = given.some((known) => known.key === key && known.operator === operator);
    return value === undefined || isGiven ? [] : [{ key, operator, values: [value] }];
  });
}
