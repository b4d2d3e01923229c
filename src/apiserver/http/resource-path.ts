// The fixed grammar of paths with objects: /api/v1 or /apis/G/V, then [namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]],
// where only `proxy` has more behind it.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';

export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
}

const PROXIED = ['pods', 'services', 'nodes'];
const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];

/** `undefined` for a path outside the grammar. */
export function parseResourcePath(segments: readonly string[]): ResourcePath | undefined {
  const [root, ...rest] = segments;
  if (root === 'api') return inVersion('', rest);
  if (root === 'apis' && rest.length >= 2) return inVersion(rest[0] ?? '', rest.slice(1));
  return undefined;
}

function inVersion(group: string, [version, ...rest]: readonly string[]): ResourcePath | undefined {
  if (version === undefined || rest.length === 0) return undefined;
  const [first, namespace, third] = rest;
  const scoped = first === 'namespaces' && namespace !== undefined && third !== undefined;
  if (scoped && !(NAMESPACE_SUBRESOURCES.includes(third) && rest.length === 3)) {
    return parts(group, version, namespace, rest.slice(2));
  }
  return parts(group, version, undefined, rest);
}

function parts(
  group: string,
  version: string,
  namespace: string | undefined,
  rest: readonly string[],
): ResourcePath | undefined {
  const [plural, name, subresource, ...more] = rest;
  // Behind `proxy` comes a path that is none of ours.
  if (plural === undefined || (more.length > 0 && subresource !== 'proxy')) return undefined;
  return { group, version, plural, namespace, name, subresource };
}

/** Whether requests to the path go to a pod, or to a board. */
export const isProxied = ({ group, version, plural, subresource }: ResourcePath): boolean =>
  group === '' && version === 'v1' && subresource === 'proxy' && PROXIED.includes(plural);

/** The path of a kind's objects as OpenAPI documents write it: `/api/v1/namespaces/{namespace}/pods/{name}`. */
export function objectPathTemplate(kind: KindDefinition): string {
  const root = kind.group ? `/apis/${apiVersionOf(kind)}` : `/api/${kind.version}`;
  return `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}/{name}`;
}
