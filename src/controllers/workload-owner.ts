// What a DaemonSet or StatefulSet selects, among pods and revisions alike.
import { type LabelSelector, matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import type { DaemonSet, KubeObject, StatefulSet } from '../api/objects.ts';

export type Workload = DaemonSet | StatefulSet;

export function selectorOf({ spec }: Workload): LabelSelector {
  return selectorFromObject(spec.selector) ?? [];
}

/** An empty selector selects nothing: it would take everything of the namespace. */
export function selectsLabels(owner: Workload, labels: KubeObject['metadata']['labels']): boolean {
  const selector = selectorOf(owner);
  return selector.length > 0 && matchesLabels(selector, labels);
}
