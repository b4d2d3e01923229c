// What every room asks of a pod's phase.
import type { Pod } from './objects.ts';

/** It has run to its end: it takes nothing any more, and nothing brings it back. */
export function isFinished({ status }: Pick<Pod, 'status'>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
