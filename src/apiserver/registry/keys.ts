// Where objects live in the store: `/registry/<group or core>/<plural>/<namespace or _>/<name>`.
import type { KindDefinition } from '../../api/scheme.ts';

type KindPath = Pick<KindDefinition, 'group' | 'plural' | 'namespaced'>;

export function storeKey(kind: KindPath, namespace: string | undefined, name: string): string {
  return `${namespacePrefix(kind, namespace)}${name}`;
}

/** Prefix of all objects of a kind, or of those in one namespace. */
export function storePrefix(kind: KindPath, namespace?: string): string {
  return namespace === undefined || !kind.namespaced ? kindPrefix(kind) : namespacePrefix(kind, namespace);
}

const kindPrefix = (kind: KindPath) => `/registry/${kind.group || 'core'}/${kind.plural}/`;

const namespacePrefix = (kind: KindPath, namespace: string | undefined) =>
  `${kindPrefix(kind)}${kind.namespaced ? (namespace ?? '') : '_'}/`;
