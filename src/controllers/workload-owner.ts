// What a DaemonSet or StatefulSet selects, among pods and revisions alike.
import { type LabelSelector, selectorFromObject } from '../api/label-selector.ts';
import type { DaemonSet, StatefulSet } from '../api/objects.ts';

export type Workload = DaemonSet | StatefulSet;

export function selectorOf({ spec }: Workload): LabelSelector {
  return selectorFromObject(spec.selector) ?? [];
}
