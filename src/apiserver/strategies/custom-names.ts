// Whether the names of a definition are free in its group.
import type { CustomResourceDefinition } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';

/** What is taken, as a sentence; `undefined` when nothing is. */
export function nameConflict(
  { spec }: CustomResourceDefinition,
  served: readonly KindDefinition[],
): string | undefined {
  const { names, group } = spec;
  const others = served.filter((kind) => kind.group === group && !isSame(kind, names.plural));
  const resources = new Set(others.flatMap((kind) => [kind.plural, kind.singular, ...kind.shortNames]));
  const kinds = new Set(others.flatMap(({ kind }) => [kind, `${kind}List`]));
  const builtIn = served.some(
    (kind) => kind.group === group && kind.plural === names.plural && !kind.ownSchema,
  );
  const wanted = [names.plural, names.singular ?? '', ...(names.shortNames ?? [])];
  const taken = builtIn ? names.plural : wanted.find((name) => resources.has(name));
  if (taken) return `"${taken}" is already in use`;
  const kind = [names.kind, names.listKind ?? ''].find((name) => kinds.has(name));
  return kind && `"${kind}" is already in use`;
}

const isSame = (kind: KindDefinition, plural: string) =>
  kind.plural === plural && kind.ownSchema !== undefined;
