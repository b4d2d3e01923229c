// A watch as a loop over its events, from a revision on; ends when the server ends it.
import type { meta } from '../api/objects.ts';
import { StatusError } from '../api/status-error.ts';
import { jsonLines } from '../client/json-lines.ts';
import { collectionPath, withQuery } from '../client/resource-path.ts';
import type { ApiConnection } from './api-connection.ts';
import type { Resource } from './discovery.ts';
import type { ListQuery } from './list-pages.ts';

interface WatchLine<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: T;
}

/** Throws a StatusError: what the server sends as ERROR, such as Expired, and what the connection meets. */
export async function* watchLines<T>(
  connection: ApiConnection,
  resource: Resource,
  query: ListQuery & { resourceVersion: string | undefined },
  options: { accept?: string; signal?: AbortSignal } = {},
): AsyncGenerator<WatchLine<T>> {
  const { namespace, ...rest } = query;
  const path = withQuery(collectionPath(resource, namespace), { ...rest, watch: true });
  const body = await connection.stream({ method: 'GET', path, ...options });
  for await (const event of jsonLines<WatchLine<T> | { type: 'ERROR'; object: meta.Status }>(body)) {
    if (event.type === 'ERROR') throw StatusError.fromStatus(event.object);
    yield event;
  }
}
