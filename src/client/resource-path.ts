// Where a kind's objects live on the API server. https://kubernetes.io/docs/reference/using-api/api-concepts/
import { splitKey } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';

/** What a path needs to know of a kind. */
type PathKind = Pick<KindDefinition, 'group' | 'version' | 'plural' | 'namespaced'>;

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/api/v1/namespaces/NS/pods`, or across all namespaces without `namespace`. */
export function collectionPath(kind: PathKind, namespace?: string): string {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

/** The path of one object, by `namespace/name` or `name`, or of its subresource. */
export function objectPath(kind: PathKind, key: string, subresource?: string): string {
  const { namespace, name } = splitKey(key);
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** The path with those query parameters that have a value. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}
