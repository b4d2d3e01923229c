// Which change of a spec means that a container must be replaced: its name or image, the only parts of a
// running pod that may change (as upstream since 1.31, so that new defaulted fields restart nothing).
import { createHash } from 'node:crypto';
import type { core } from '../../api/objects.ts';

export function containerSpecHash(container: core.Container): string {
  return shortHash([container.name, container.image ?? '']);
}

export function sandboxSpecHash(spec: core.PodSpec): string {
  return shortHash(['sandbox', String(spec.hostNetwork ?? false)]);
}

function shortHash(parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
