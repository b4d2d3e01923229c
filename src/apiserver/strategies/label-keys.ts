// matchLabelKeys and mismatchLabelKeys of a pod become requirements of the selectors beside them, with the values that
// the pod has when it is made: what its labels become later changes nothing.
// Source: pkg/registry/core/pod/strategy.go applyLabelKeysToLabelSelector
import type { core, meta, Pod } from '../../api/objects.ts';
import { ownValue } from '../../api/schema/json.ts';
import type { Writable } from '../registry/prepare.ts';

type Labels = Readonly<Record<string, string>>;

export function applyLabelKeys({ metadata, spec }: Writable<Pod>): void {
  const labels = metadata.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  if (podAffinity || podAntiAffinity) {
    spec.affinity = {
      ...spec.affinity,
      ...(podAffinity ? { podAffinity: withTerms(podAffinity, labels) } : {}),
      ...(podAntiAffinity ? { podAntiAffinity: withTerms(podAntiAffinity, labels) } : {}),
    };
  }
  const { topologySpreadConstraints: constraints } = spec;
  if (constraints) spec.topologySpreadConstraints = constraints.map((one) => withKeys(one, labels));
}

/** Both kinds of terms, of affinity and of anti-affinity. */
function withTerms<T extends core.PodAffinity & core.PodAntiAffinity>(affinity: T, labels: Labels): T {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
  } = affinity;
  return {
    ...affinity,
    ...(required && {
      requiredDuringSchedulingIgnoredDuringExecution: required.map((term) => withKeys(term, labels)),
    }),
    ...(preferred && {
      // Not validated yet, so the term may be missing.
      preferredDuringSchedulingIgnoredDuringExecution: preferred.map((one) =>
        one.podAffinityTerm ? { ...one, podAffinityTerm: withKeys(one.podAffinityTerm, labels) } : one,
      ),
    }),
  };
}

interface Keyed {
  labelSelector?: meta.LabelSelector;
  matchLabelKeys?: readonly string[];
  mismatchLabelKeys?: readonly string[];
}

/** Without a selector nothing is selected anyway; keys that the pod lacks are left out. */
function withKeys<T extends Keyed>(keyed: T, labels: Labels): T {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed;
  const added = [
    ...requirements('In', matchLabelKeys, labels),
    ...requirements('NotIn', mismatchLabelKeys, labels),
  ];
  if (!labelSelector || added.length === 0) return keyed;
  const matchExpressions = [...(labelSelector.matchExpressions ?? []), ...added];
  return { ...keyed, labelSelector: { ...labelSelector, matchExpressions } };
}

function requirements(operator: 'In' | 'NotIn', keys: readonly string[], labels: Labels) {
  return keys.flatMap((key) => {
    const value = ownValue(labels, key);
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}
