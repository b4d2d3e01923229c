// Tells a loop over all kinds of the custom ones: those there are at its start, then each as it appears. A kind that
// goes has no objects any more, so nobody needs to be told.
import type { KindDefinition } from '../api/scheme.ts';
import { apiVersionOf } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';

/** Calls `follow` once for each kind; returns what ends it. */
export function followCustomKinds(
  source: CustomKindSource | undefined,
  follow: (kind: KindDefinition) => void,
): () => void {
  if (!source) return () => {};
  const known = new Set<string>();
  const look = () => {
    for (const kind of source.custom) {
      const id = `${apiVersionOf(kind)}/${kind.plural}`;
      if (known.has(id)) continue;
      known.add(id);
      follow(kind);
    }
  };
  look();
  return source.onChange(look);
}
