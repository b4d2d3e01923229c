// What a request wants to do, in the words that authorization speaks: a verb on a resource, or a verb on a path.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
import { booleanParameter } from '../http/query.ts';
import { parseResourcePath, type ResourcePath } from '../http/resource-path.ts';

export interface ResourceAttributes {
  verb: string;
  group: string;
  version: string;
  /** Plural; `*` in a review asks for all. */
  resource: string;
  /** `''` = the object itself. */
  subresource: string;
  /** `''` = cluster-scoped, or all namespaces. */
  namespace: string;
  /** `''` = none in particular. */
  name: string;
  /** As it was sent; left out when there is none. */
  fieldSelector?: string;
}

export interface PathAttributes {
  /** The HTTP method in lower case. */
  verb: string;
  path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export const isPath = (attributes: Attributes): attributes is PathAttributes => 'path' in attributes;

const OBJECT_VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const STREAMS = ['exec', 'attach', 'portforward'];

export interface RequestLine {
  method: string;
  path: string;
  segments: readonly string[];
  query: URLSearchParams;
}

/** As upstream's RequestInfo: whatever names no object is a path. */
export function attributesOf(request: RequestLine): Attributes {
  const { method, path, segments, query } = request;
  const found = isObjectPath(segments) ? parseResourcePath(segments) : undefined;
  if (!found) return { verb: method.toLowerCase(), path };
  const fieldSelector = query.get('fieldSelector');
  return {
    verb: verbOf(method, found, query),
    group: found.group,
    version: found.version,
    resource: found.plural,
    subresource: found.subresource ?? '',
    namespace: namespaceOf(found),
    name: nameOf(found, query),
    ...(fieldSelector ? { fieldSelector } : {}),
  };
}

const isObjectPath = (segments: readonly string[]): boolean =>
  (segments[0] === 'api' && segments.length > 2) || (segments[0] === 'apis' && segments.length > 3);

function verbOf(method: string, { name, subresource }: ResourcePath, query: URLSearchParams): string {
  const verb = OBJECT_VERBS[method] ?? method.toLowerCase();
  // A WebSocket begins with a GET, but whoever runs commands in a pod does more than read it.
  if (subresource !== undefined) return STREAMS.includes(subresource) && verb === 'get' ? 'create' : verb;
  if (verb === 'get' && (name === undefined || booleanParameter(query, 'watch'))) {
    return booleanParameter(query, 'watch') ? 'watch' : 'list';
  }
  return verb === 'delete' && name === undefined ? 'deletecollection' : verb;
}

/** A namespace itself counts as lying in itself, so that a RoleBinding in it can grant the right to read it. */
function namespaceOf({ group, plural, name, namespace }: ResourcePath): string {
  return namespace ?? (group === '' && plural === 'namespaces' ? (name ?? '') : '');
}

const SELECTED_NAME = /^metadata\.name==?([^,=!]+)$/;

/** A list of one name, as `kubectl get -w NAME` asks for it, counts as asking for that object. */
function nameOf({ name }: ResourcePath, query: URLSearchParams): string {
  return name ?? SELECTED_NAME.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}
