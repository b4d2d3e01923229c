// Pods that a board keeps under pressure, as upstream's: those of the system's priorities, and those that lie on the
// board itself. https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/
import type { Pod } from '../../api/objects.ts';

/** Where the priorities of the system begin. */
const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;
const SOURCE_ANNOTATION = 'kubernetes.io/config.source';

export function isCritical({ metadata, spec }: Pod): boolean {
  const source = metadata.annotations?.[SOURCE_ANNOTATION];
  const isStatic = source !== undefined && source !== 'api';
  return isStatic || (spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;
}
